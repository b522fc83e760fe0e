// A PAM module that does what modules do, by the name of who logs in: the password is its argument, and who is called
// `hangs` is never answered.

#include <security/pam_appl.h>
#include <security/pam_ext.h>
#include <security/pam_modules.h>
#include <unistd.h>

#include <cstdlib>
#include <cstring>

namespace {

bool is(const char* text, const char* other) {
  return text != nullptr && std::strcmp(text, other) == 0;
}

const char* item(pam_handle_t* pam, int which) {
  const void* found = nullptr;
  return pam_get_item(pam, which, &found) == PAM_SUCCESS ? static_cast<const char*>(found) : nullptr;
}

int ask(pam_handle_t* pam, int style, const char* what, const char* right) {
  char* answer = nullptr;
  const int told = pam_prompt(pam, style, &answer, "%s", what);
  const bool fits = told == PAM_SUCCESS && (right == nullptr || is(answer, right));
  std::free(answer);
  return told != PAM_SUCCESS ? told : fits ? PAM_SUCCESS : PAM_AUTH_ERR;
}

}  // namespace

extern "C" {

int pam_sm_authenticate(pam_handle_t* pam, int /*flags*/, int count, const char** arguments) {
  const char* user = item(pam, PAM_USER);
  pam_fail_delay(pam, 600'000'000);
  ask(pam, PAM_TEXT_INFO, "only a word", nullptr);
  if (is(user, "hangs")) {
    for (;;) pause();
  }
  if (is(user, "curious")) return ask(pam, PAM_PROMPT_ECHO_ON, "Which town? ", nullptr);
  if (is(user, "noisy")) ask(pam, PAM_ERROR_MSG, "something\nis wrong", nullptr);
  if (!is(item(pam, PAM_RHOST), "127.0.0.1")) return PAM_PERM_DENIED;
  return ask(pam, PAM_PROMPT_ECHO_OFF, "Password: ", count > 0 ? arguments[0] : "");
}

int pam_sm_setcred(pam_handle_t* /*pam*/, int /*flags*/, int /*count*/, const char** /*arguments*/) {
  return PAM_SUCCESS;
}

int pam_sm_acct_mgmt(pam_handle_t* pam, int /*flags*/, int /*count*/, const char** /*arguments*/) {
  return is(item(pam, PAM_USER), "expired") ? PAM_ACCT_EXPIRED : PAM_SUCCESS;
}
}
