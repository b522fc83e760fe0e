#include "proxy/client/authentication.hpp"

#include <utility>
#include <vector>

#include "proxy/wire/bytes.hpp"
#include "proxy/wire/messages.hpp"

namespace highwater::proxy {

using config::auth_method;

namespace {

// A PasswordMessage is a string with its zero at the end, and nothing behind it.
std::optional<std::string_view> text_of(std::string_view body) {
  if (body.empty() || body.find('\0') != body.size() - 1) return std::nullopt;
  return body.substr(0, body.size() - 1);
}

}  // namespace

authentication::authentication(auth::access_ptr access, const auth::rule& rule, std::string user,
                               client_surroundings around, randomness random)
    : access_(std::move(access)),
      rule_(rule),
      user_(std::move(user)),
      around_(std::move(around)),
      random_(std::move(random)) {}

authentication::step authentication::accept() {
  stage_ = stage::done;
  return step::accepted;
}

authentication::step authentication::refuse(boost::system::error_code why) {
  stage_ = stage::done;
  why_ = why;
  return step::refused;
}

authentication::step authentication::begin(std::string& out) {
  if (rule_.clientcert && !certificate_holds()) return refuse(why_);
  return begin_method(out);
}

// As the rule's clientcert has it, or the method cert: signed by an authority of ours; and the user's own.
bool authentication::certificate_holds() {
  if (!around_.shows_certificate) {
    why_ = auth::make_error_code(auth::error::no_client_certificate);
    return false;
  }
  if (rule_.clientcert == config::client_certificate::verify_ca) return true;
  if (access_->rules.mapped(rule_.map, around_.certificate_name, user_)) return true;
  why_ = auth::make_error_code(auth::error::certificate_refused);
  return false;
}

authentication::step authentication::begin_method(std::string& out) {
  switch (rule_.method) {
    case auth_method::trust:
      return accept();
    case auth_method::cert:
      return certificate_holds() ? accept() : refuse(why_);
    case auth_method::peer:
      return begin_peer();
    case auth_method::reject:
      return refuse(auth::make_error_code(auth::error::rule_rejects));
    case auth_method::ldap:
    case auth_method::pam:
      return ask_for_cleartext(out);
    case auth_method::scram_sha_256:
    case auth_method::md5:
    case auth_method::password:
      break;
  }
  if (const auto* known = access_->users.find(user_)) {
    credential_ = *known;
    return known->stored.empty() ? looked_up(std::nullopt, out) : ask(out);
  }
  if (!access_->looks_up) return looked_up(std::nullopt, out);
  stage_ = stage::looking_up;
  return step::look_up;
}

// Names of the operating system's users may come from far away.
authentication::step authentication::begin_peer() {
  stage_ = stage::verifying;
  check_ = [access = access_, map = rule_.map, user = user_, who = around_.system_user]() -> auth::result<void> {
    if (who && access->rules.mapped(map, who(), user)) return {};
    return auth::error::peer_refused;
  };
  return step::verify;
}

authentication::step authentication::looked_up(std::optional<std::string> rolpassword, std::string& out) {
  if (rolpassword) credential_ = auth::credential_of(std::move(*rolpassword));
  const bool usable = credential_.scram || credential_.kind() == auth::secret_kind::md5;
  if (!usable && !mock(access_->users.usual_kind())) return refuse(why_);
  return ask(out);
}

// What no password fits, in place of the user's credential.
bool authentication::mock(auth::secret_kind kind) {
  auto made = access_->users.mock(user_, kind);
  if (made) {
    credential_ = std::move(*made);
  } else {
    why_ = made.error();
  }
  return made.has_value();
}

// PostgreSQL asks users whose secret is one of SCRAM for that by the method md5, too.
bool authentication::speaks_md5() const {
  return rule_.method == auth_method::md5 && (credential_.made || credential_.kind() == auth::secret_kind::md5);
}

authentication::step authentication::ask(std::string& out) {
  if (rule_.method == auth_method::password) return ask_for_cleartext(out);
  if (!speaks_md5()) return ask_for_scram(out);
  stage_ = stage::md5;
  wire::write_authentication_md5(out, random_.salt);
  return step::more;
}

// An MD5 secret does not tell what SCRAM would need: no password fits.
authentication::step authentication::ask_for_scram(std::string& out) {
  if (!credential_.scram && !mock(auth::secret_kind::scram)) return refuse(why_);
  stage_ = stage::sasl_initial;
  std::vector<std::string_view> names;
  for (const auto each : auth::offered_mechanisms(around_.channel)) names.push_back(auth::name_of(each));
  wire::write_authentication_sasl(out, names);
  return step::more;
}

authentication::step authentication::take(std::string_view body, std::string& out) {
  switch (stage_) {
    case stage::sasl_initial:
      return first_response(body, out);
    case stage::sasl_response:
      return final_response(body, out);
    case stage::md5:
      return md5_response(body);
    case stage::cleartext:
      return cleartext_response(body);
    default:
      return refuse(auth::make_error_code(auth::error::out_of_order));
  }
}

authentication::step authentication::first_response(std::string_view body, std::string& out) {
  if (!scram_) {
    wire::reader in(body);
    const auto mechanism = in.c_string();
    const auto length = in.u32();
    if (!in.ok()) return refuse(auth::make_error_code(auth::error::malformed_message));
    const auto chosen = auth::check_mechanism(mechanism, around_.channel);
    if (!chosen) return refuse(chosen.error());
    scram_.emplace(*credential_.scram, random_.nonce, *chosen, around_.channel);
    constexpr std::uint32_t no_data = 0xFFFFFFFF;
    if (length == no_data) {
      wire::write_authentication_sasl_continue(out, "");
      return step::more;
    }
    if (length != in.rest().size()) return refuse(auth::make_error_code(auth::error::malformed_message));
    body = in.rest();
  }
  const auto answer = scram_->client_first(body);
  if (!answer) return refuse(answer.error());
  wire::write_authentication_sasl_continue(out, *answer);
  stage_ = stage::sasl_response;
  return step::more;
}

authentication::step authentication::final_response(std::string_view body, std::string& out) {
  const auto answer = scram_->client_final(body);
  if (!answer) return refuse(answer.error());
  wire::write_authentication_sasl_final(out, *answer);
  if (!credential_.made) proven_ = server_credentials{.keys = scram_->keys()};
  scram_.reset();
  return accept();
}

authentication::step authentication::md5_response(std::string_view body) {
  const auto text = text_of(body);
  if (!text) return refuse(auth::make_error_code(auth::error::malformed_password));
  const auto secret = credential_.made ? auth::md5_secret(credential_.password, user_) : credential_.stored;
  if (!secret) return refuse(secret.error());
  const auto fits = auth::md5_verifies(*secret, random_.salt, *text);
  if (!fits) return refuse(fits.error());
  if (!credential_.made) proven_ = server_credentials{.md5_secret = *secret};
  return accept();
}

authentication::step authentication::ask_for_cleartext(std::string& out) {
  stage_ = stage::cleartext;
  wire::write_authentication_cleartext(out);
  return step::more;
}

authentication::step authentication::cleartext_response(std::string_view body) {
  const auto text = text_of(body);
  if (!text) return refuse(auth::make_error_code(auth::error::malformed_password));
  shown_ = *text;
  if (config::asks_elsewhere(rule_.method)) return ask_elsewhere();
  stage_ = stage::verifying;
  check_ = [stored = credential_.stored, user = user_, password = shown_] {
    return auth::password_verifies(stored, user, password);
  };
  return step::verify;
}

// Nobody is asked about an empty password: a directory takes it for one who does not want to be known, and lets it in.
authentication::step authentication::ask_elsewhere() {
  if (shown_.empty()) return refuse(auth::make_error_code(auth::error::empty_password));
  const auth::secret_text password(shown_);
  if (rule_.method == auth_method::pam) {
    question_.emplace(auth::ask_pam(rule_.pam_service, user_, around_.address, password));
  } else if (auto asked = auth::ask_directory(rule_.ldap, user_, password); asked.question) {
    question_.emplace(std::move(*asked.question));
  } else {
    remark_ = std::move(asked.reason);
    return refuse(auth::make_error_code(auth::error::ldap_refused));
  }
  stage_ = stage::asking;
  return step::ask;
}

authentication::step authentication::answered(const auth::verdict& how) {
  remark_ = how.reason;
  question_.reset();
  if (const auto why = auth::refusal_of(rule_.method, how.what)) return refuse(auth::make_error_code(*why));
  return verified({});
}

authentication::step authentication::verified(const auth::result<void>& how) {
  if (!how) return refuse(how.error());
  if (!shown_.empty()) proven_ = server_credentials{.password = std::move(shown_)};
  return accept();
}

}  // namespace highwater::proxy
