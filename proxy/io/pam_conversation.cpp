#include "proxy/io/pam_conversation.hpp"

#include <security/pam_appl.h>

#include <cstdlib>
#include <cstring>

namespace highwater::proxy {

namespace {

struct asked {
  std::string_view password;
  std::string complaints;
};

// PAM frees what it is given, with free().
char* copy_for_pam(std::string_view text) {
  auto* const copy = static_cast<char*>(std::malloc(text.size() + 1));
  if (copy == nullptr) return nullptr;
  std::memcpy(copy, text.data(), text.size());
  copy[text.size()] = '\0';
  return copy;
}

void complain(asked& about, std::string_view what) {
  about.complaints.append(about.complaints.empty() ? "" : "; ").append(what);
}

// As PostgreSQL does: every hidden question is for the password, and one that is not hidden (for a name, say) is none
// that could be answered.
bool answer_one(const pam_message& message, pam_response& answer, asked& about) {
  const std::string_view text = message.msg != nullptr ? message.msg : "";
  switch (message.msg_style) {
    case PAM_PROMPT_ECHO_OFF:
      answer.resp = copy_for_pam(about.password);
      return answer.resp != nullptr;
    case PAM_ERROR_MSG:
      complain(about, text);
      return true;
    case PAM_TEXT_INFO:
      return true;
    default:
      complain(about, std::string("a question that cannot be answered: ").append(text));
      return false;
  }
}

void let_go(pam_response* answers, int count) {
  for (int i = 0; i < count; ++i) {
    if (answers[i].resp != nullptr) ::explicit_bzero(answers[i].resp, std::strlen(answers[i].resp));
    std::free(answers[i].resp);
  }
  std::free(answers);
}

int answer(int count, const pam_message** messages, pam_response** answers, void* with) {
  if (count <= 0 || count > PAM_MAX_NUM_MSG) return PAM_CONV_ERR;
  auto* const made = static_cast<pam_response*>(std::calloc(static_cast<std::size_t>(count), sizeof(pam_response)));
  if (made == nullptr) return PAM_BUF_ERR;
  auto& about = *static_cast<asked*>(with);
  for (int i = 0; i < count; ++i) {
    if (answer_one(*messages[i], made[i], about)) continue;
    let_go(made, count);
    return PAM_CONV_ERR;
  }
  *answers = made;
  return PAM_SUCCESS;
}

// Modules ask that who fails be kept waiting, on this very thread. login_guard does that, and keeps nobody else.
void do_not_wait(int /*result*/, unsigned /*microseconds*/, void* /*with*/) {}

class handle {
public:
  handle(const std::string& service, const std::string& user, asked& about) : conversation_{&answer, &about} {
    status_ = ::pam_start(service.c_str(), user.c_str(), &conversation_, &pam_);
  }
  ~handle() {
    if (pam_ != nullptr) ::pam_end(pam_, status_);
  }
  handle(const handle&) = delete;
  handle& operator=(const handle&) = delete;

  bool begun() const { return status_ == PAM_SUCCESS; }
  bool set(int item, const void* value) { return did(::pam_set_item(pam_, item, value)); }
  bool authenticate() { return did(::pam_authenticate(pam_, PAM_DISALLOW_NULL_AUTHTOK)); }
  bool account() { return did(::pam_acct_mgmt(pam_, PAM_DISALLOW_NULL_AUTHTOK)); }
  std::string told() const { return ::pam_strerror(pam_, status_); }

private:
  bool did(int status) {
    status_ = status;
    return status == PAM_SUCCESS;
  }

  pam_conv conversation_;
  pam_handle_t* pam_ = nullptr;
  int status_ = PAM_SUCCESS;
};

// The step that failed; empty if none has.
std::string failed_step(handle& with, const std::string& remote_host) {
  if (!with.begun()) return "pam_start";
  if (!remote_host.empty() && !with.set(PAM_RHOST, remote_host.c_str())) return "pam_set_item(PAM_RHOST)";
  if (!with.set(PAM_FAIL_DELAY, reinterpret_cast<const void*>(&do_not_wait))) return "pam_set_item(PAM_FAIL_DELAY)";
  if (!with.authenticate()) return "pam_authenticate";
  return with.account() ? "" : "pam_acct_mgmt";
}

}  // namespace

pam_outcome converse_with_pam(const std::string& service, const std::string& user, std::string_view password,
                              const std::string& remote_host) {
  asked about{password, {}};
  handle with(service, user, about);
  const auto failed = failed_step(with, remote_host);
  if (failed.empty()) return {true, about.complaints};
  return {false, failed + " failed: " + with.told() + (about.complaints.empty() ? "" : ": " + about.complaints)};
}

}  // namespace highwater::proxy
