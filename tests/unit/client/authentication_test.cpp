#include "proxy/client/authentication.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <utility>

#include "proxy/auth/scram_client.hpp"
#include "proxy/wire/frame.hpp"
#include "proxy/wire/messages.hpp"

namespace highwater::proxy {
namespace {

using config::auth_method;
using config::client_certificate;
using step = authentication::step;
using auth::error;

const std::string md5_of_pencil = *auth::md5_secret("pencil", "old");
const std::string scram_of_pencil = auth::format_secret(auth::make_secret("pencil", "salt", 2));
const auth::md5_salt salt{1, 2, 3, 4};

// One rule for everybody, and users with every kind of secret.
auth::access_ptr access_with(const config::auth_rule& rule, bool looks_up = false) {
  config::auth section;
  section.users = {{"plain", "", "pencil"},
                   {"old", md5_of_pencil, ""},
                   {"new", scram_of_pencil, ""},
                   {"both", scram_of_pencil, "for the servers"},
                   {"bare", "", ""}};
  section.rules = {rule};
  section.rules[0].databases = section.rules[0].users = {{config::name_pattern::kind::all, "all", std::nullopt}};
  section.rules[0].address = config::network{};
  section.maps = {{"ops", {config::name_pattern::kind::name, "Ann", std::nullopt}, "plain"}};
  return std::make_shared<auth::access>(
      auth::access{*auth::user_table::make(section, auth::digest{}), auth::rules(section), looks_up});
}

config::auth_rule by(auth_method method) {
  config::auth_rule rule;
  rule.method = method;
  return rule;
}

struct exchange {
  exchange(const config::auth_rule& rule, const std::string& user, client_surroundings around = {},
           bool looks_up = false)
      : access(access_with(rule, looks_up)),
        one(access, *access->rules.first_match({config::parse_ip("192.0.2.7"), false, "shop", user}), user,
            std::move(around), {"server-nonce", salt}) {
    last = one.begin(out);
  }

  // What the client is asked for: R's code.
  std::uint32_t asked() const { return out.size() >= 9 ? wire::load_u32(out.data() + 5) : 0; }
  step answer(const std::string& body) {
    out.clear();
    last = one.take(body, out);
    if (last == step::verify) last = one.verified(one.to_verify()());
    return last;
  }
  step say(std::string_view password) { return answer(std::string(password) + '\0'); }
  step scram(std::string_view password) {
    auth::scram_client client("client-nonce");
    std::string message;
    wire::write_sasl_initial_response(message, client.mechanism(), client.client_first());
    if (answer(message.substr(wire::header_size)) != step::more) return last;
    const auto proof = client.server_first(std::string_view(out).substr(9), password);
    return answer(proof ? *proof : "");
  }

  auth::access_ptr access;
  authentication one;
  std::string out;
  step last = step::more;
};

constexpr std::uint32_t cleartext = 3, md5 = 5, sasl = 10;

TEST(authentication, asks_for_what_the_rule_and_the_users_secret_say) {
  struct row {
    auth_method method;
    const char* user;
    std::uint32_t asked;
    const char* why;
  };
  const row rows[] = {
      {auth_method::scram_sha_256, "plain", sasl, "a secret is made of a password"},
      {auth_method::scram_sha_256, "new", sasl, ""},
      {auth_method::scram_sha_256, "old", sasl, "though it will not do"},
      {auth_method::scram_sha_256, "nobody", sasl, ""},
      {auth_method::md5, "old", md5, ""},
      {auth_method::md5, "plain", md5, "what clients can that do not know SCRAM"},
      {auth_method::md5, "new", sasl, "as PostgreSQL does"},
      {auth_method::md5, "both", sasl, "the password is for the servers"},
      {auth_method::md5, "nobody", md5, "as the first of the users"},
      {auth_method::md5, "bare", md5, "who cannot be told from nobody"},
      {auth_method::password, "new", cleartext, ""},
      {auth_method::password, "nobody", cleartext, ""},
  };
  for (const auto& each : rows) {
    const exchange talk(by(each.method), each.user);
    EXPECT_EQ(talk.last, step::more) << each.user;
    EXPECT_EQ(talk.asked(), each.asked) << to_string(each.method) << " " << each.user << " " << each.why;
  }
}

TEST(authentication, lets_in_who_knows_the_password) {
  for (const auto* user : {"plain", "old", "new", "both"}) {
    const bool in = exchange(by(auth_method::password), user).say("pencil") == step::accepted;
    EXPECT_TRUE(in) << user;
    exchange wrong(by(auth_method::password), user);
    EXPECT_EQ(wrong.say("pen"), step::refused) << user;
    EXPECT_EQ(wrong.one.why(), auth::make_error_code(error::login_refused)) << user;
  }
  for (const auto* user : {"plain", "new", "both"}) {
    EXPECT_EQ(exchange(by(auth_method::scram_sha_256), user).scram("pencil"), step::accepted) << user;
    EXPECT_EQ(exchange(by(auth_method::scram_sha_256), user).scram("pen"), step::refused) << user;
  }
  EXPECT_EQ(exchange(by(auth_method::scram_sha_256), "old").scram("pencil"), step::refused) << "nothing to check with";
  for (const auto* user : {"plain", "old"}) {
    EXPECT_EQ(exchange(by(auth_method::md5), user).say(*auth::md5_response("pencil", user, salt)), step::accepted);
    EXPECT_EQ(exchange(by(auth_method::md5), user).say(*auth::md5_response("pen", user, salt)), step::refused);
    EXPECT_EQ(exchange(by(auth_method::md5), user).say(*auth::md5_response("pencil", user, {})), step::refused)
        << "recorded before";
    EXPECT_EQ(exchange(by(auth_method::md5), user).say("pencil"), step::refused) << user;
  }
}

TEST(authentication, lets_nobody_in_who_is_not_known) {
  for (const auto* user : {"nobody", "bare"}) {
    for (const auto method : {auth_method::scram_sha_256, auth_method::md5, auth_method::password}) {
      exchange talk(by(method), user);
      EXPECT_EQ(talk.asked() == sasl ? talk.scram("pencil") : talk.say(*auth::md5_response("pencil", user, salt)),
                step::refused);
      EXPECT_EQ(talk.one.why(), auth::make_error_code(error::login_refused)) << user << to_string(method);
      EXPECT_FALSE(talk.one.proven());
    }
  }
}

TEST(authentication, refuses_what_is_no_password) {
  const std::pair<std::string, error> rows[] = {
      {"", error::malformed_password},
      {"pencil", error::malformed_password},
      {std::string("pencil\0x\0", 9), error::malformed_password},
      {std::string("\0", 1), error::empty_password},
  };
  for (const auto method : {auth_method::md5, auth_method::password}) {
    for (const auto& [body, why] : rows) {
      exchange talk(by(method), "old");
      EXPECT_EQ(talk.answer(body), step::refused) << body;
      EXPECT_EQ(talk.one.why(), auth::make_error_code(why)) << body;
      EXPECT_EQ(talk.answer(body), step::refused) << "nothing more is taken";
    }
  }
}

// What the servers can be shown: nothing that they do not have themselves.
TEST(authentication, keeps_what_was_proven_for_the_servers) {
  exchange clear(by(auth_method::password), "new");
  clear.say("pencil");
  EXPECT_EQ(clear.one.proven()->password, "pencil");
  exchange hashed(by(auth_method::md5), "old");
  hashed.say(*auth::md5_response("pencil", "old", salt));
  EXPECT_EQ(hashed.one.proven()->md5_secret, md5_of_pencil);
  exchange keyed(by(auth_method::scram_sha_256), "new");
  keyed.scram("pencil");
  EXPECT_EQ(auth::stored_key(keyed.one.proven()->keys->client), auth::make_secret("pencil", "salt", 2).stored_key);
  for (const auto method : {auth_method::md5, auth_method::scram_sha_256}) {
    exchange own(by(method), "plain");
    own.asked() == sasl ? own.scram("pencil") : own.say(*auth::md5_response("pencil", "plain", salt));
    EXPECT_EQ(own.last, step::accepted);
    EXPECT_FALSE(own.one.proven()) << "the secret is made here, and the configuration has the password";
  }
  EXPECT_FALSE(exchange(by(auth_method::trust), "new").one.proven());
}

TEST(authentication, looks_up_whom_the_configuration_does_not_know) {
  const auto talk = [](auth_method method, const char* user) { return exchange(by(method), user, {}, true); };
  EXPECT_EQ(talk(auth_method::scram_sha_256, "new").last, step::more) << "known here";
  EXPECT_EQ(talk(auth_method::trust, "else").last, step::accepted) << "nobody asks";
  struct row {
    auth_method method;
    std::optional<std::string> found;
    std::uint32_t asked;
    step how;
    const char* why;
  };
  const row rows[] = {
      {auth_method::scram_sha_256, scram_of_pencil, sasl, step::accepted, ""},
      {auth_method::scram_sha_256, std::nullopt, sasl, step::refused, "no such user"},
      {auth_method::scram_sha_256, "", sasl, step::refused, "who has no password"},
      {auth_method::scram_sha_256, "pencil", sasl, step::refused, "whose secret is nothing we know"},
      {auth_method::md5, *auth::md5_secret("pencil", "else"), md5, step::accepted, ""},
      {auth_method::md5, scram_of_pencil, sasl, step::accepted, ""},
      {auth_method::password, scram_of_pencil, cleartext, step::accepted, ""},
      {auth_method::password, "pencil", cleartext, step::refused, "in the clear it is none of PostgreSQL's"},
  };
  for (const auto& each : rows) {
    auto one = talk(each.method, "else");
    ASSERT_EQ(one.last, step::look_up);
    EXPECT_EQ(one.out, "");
    ASSERT_EQ(one.one.looked_up(each.found, one.out), step::more) << each.why;
    EXPECT_EQ(one.asked(), each.asked) << each.why;
    const auto how = each.asked == sasl  ? one.scram("pencil")
                     : each.asked == md5 ? one.say(*auth::md5_response("pencil", "else", salt))
                                         : one.say("pencil");
    EXPECT_EQ(how, each.how) << each.why;
    EXPECT_EQ(one.one.proven().has_value(), each.how == step::accepted) << each.why;
  }
}

TEST(authentication, goes_by_the_certificate) {
  struct row {
    const char* why;
    auth_method method;
    std::optional<client_certificate> checked;
    std::optional<std::string> shown;  // the common name
    std::string map;
    std::optional<error> refused;
  };
  constexpr auto verify_ca = client_certificate::verify_ca, verify_full = client_certificate::verify_full;
  const row rows[] = {
      {"its own name", auth_method::cert, {}, "plain", "", {}},
      {"a mapped name", auth_method::cert, {}, "Ann", "ops", {}},
      {"somebody else's", auth_method::cert, {}, "Ann", "", error::certificate_refused},
      {"its own name is not in the map", auth_method::cert, {}, "plain", "ops", error::certificate_refused},
      {"one without a name", auth_method::cert, {}, "", "", error::certificate_refused},
      {"none", auth_method::cert, {}, {}, "", error::no_client_certificate},
      {"any, besides the method", auth_method::trust, verify_ca, "Ann", "", {}},
      {"none, besides the method", auth_method::trust, verify_ca, {}, "", error::no_client_certificate},
      {"its own, besides the method", auth_method::trust, verify_full, "plain", "", {}},
      {"another's, besides the method", auth_method::trust, verify_full, "Ann", "", error::certificate_refused},
      {"another's, besides a password", auth_method::password, verify_full, "Ann", "", error::certificate_refused},
  };
  for (const auto& each : rows) {
    auto rule = by(each.method);
    rule.clientcert = each.checked;
    rule.map = each.map;
    client_surroundings around;
    around.shows_certificate = each.shown.has_value();
    around.certificate_name = each.shown.value_or("");
    const exchange talk(rule, "plain", around);
    EXPECT_EQ(talk.last, each.refused ? step::refused : step::accepted) << each.why;
    EXPECT_EQ(talk.one.why(), each.refused ? auth::make_error_code(*each.refused) : boost::system::error_code())
        << each.why;
  }
}

TEST(authentication, goes_by_the_operating_systems_user) {
  for (const auto& [system_user, map, let_in] :
       {std::tuple{"plain", "", true}, {"Ann", "ops", true}, {"Ann", "", false}, {"", "", false}}) {
    auto rule = by(auth_method::peer);
    rule.map = map;
    client_surroundings around;
    around.system_user = [name = system_user] { return name; };
    exchange talk(rule, "plain", around);
    ASSERT_EQ(talk.last, step::verify) << "names of users may come from far away";
    EXPECT_EQ(talk.one.verified(talk.one.to_verify()()), let_in ? step::accepted : step::refused) << system_user;
  }
  exchange unknown(by(auth_method::peer), "plain");
  EXPECT_EQ(unknown.one.verified(unknown.one.to_verify()()), step::refused) << "the system does not know";
}

// Nobody but who is asked knows the users: what is asked is the same for every name.
TEST(authentication, has_a_directory_or_pam_judge_passwords) {
  auto ldap = by(auth_method::ldap);
  ldap.ldap.servers = {"a"};
  ldap.ldap.prefix = "uid=";
  for (const auto* user : {"plain", "nobody"}) {
    exchange to_directory(ldap, user);
    ASSERT_EQ(to_directory.asked(), cleartext);
    ASSERT_EQ(to_directory.say("pencil"), step::ask);
    const auto& directory = std::get<auth::ldap_question>(to_directory.one.question());
    EXPECT_EQ(directory.name, std::string("uid=") + user);
    EXPECT_EQ(directory.password.view(), "pencil");
    exchange to_pam(by(auth_method::pam), user, {.address = "192.0.2.7"});
    ASSERT_EQ(to_pam.asked(), cleartext);
    ASSERT_EQ(to_pam.say("pencil"), step::ask);
    const auto& pam = std::get<auth::pam_question>(to_pam.one.question());
    EXPECT_EQ(pam.user, user);
    EXPECT_EQ(pam.remote_host, "192.0.2.7");
    EXPECT_EQ(pam.password.view(), "pencil");
  }
}

TEST(authentication, goes_by_their_verdict) {
  using outcome = auth::verdict::outcome;
  auto ldap = by(auth_method::ldap);
  ldap.ldap.servers = {"a"};
  ldap.ldap.prefix = "uid=";
  struct row {
    config::auth_rule rule;
    outcome verdict;
    std::optional<error> why;
  };
  const row rows[] = {
      {ldap, outcome::right, std::nullopt},
      {ldap, outcome::wrong, error::ldap_refused},
      {ldap, outcome::unavailable, error::judge_unavailable},
      {by(auth_method::pam), outcome::right, std::nullopt},
      {by(auth_method::pam), outcome::wrong, error::pam_refused},
  };
  for (const auto& [rule, verdict, why] : rows) {
    exchange talk(rule, "nobody");
    ASSERT_EQ(talk.say("pencil"), step::ask);
    EXPECT_EQ(talk.one.answered({verdict, "as they say"}), why ? step::refused : step::accepted);
    EXPECT_EQ(talk.one.remark(), "as they say");
    EXPECT_TRUE(talk.one.by_password());
    EXPECT_EQ(talk.one.why(), why ? auth::make_error_code(*why) : boost::system::error_code());
    ASSERT_EQ(talk.one.proven().has_value(), !why) << "what a server may be shown, too";
    if (why) continue;
    EXPECT_EQ(talk.one.proven()->password, "pencil");
  }
}

// A directory lets in who binds without a password, as nobody in particular (RFC 4513, 5.1.2).
TEST(authentication, asks_nobody_about_what_is_no_password_or_no_name) {
  auto ldap = by(auth_method::ldap);
  ldap.ldap.servers = {"a"};
  ldap.ldap.basedn = "dc=net";
  for (const auto& rule : {ldap, by(auth_method::pam)}) {
    const std::pair<std::string, error> rows[] = {
        {std::string("\0", 1), error::empty_password},
        {"pencil", error::malformed_password},
        {std::string("pencil\0x\0", 9), error::malformed_password},
    };
    for (const auto& [body, why] : rows) {
      exchange talk(rule, "plain");
      EXPECT_EQ(talk.answer(body), step::refused);
      EXPECT_EQ(talk.one.why(), auth::make_error_code(why));
      EXPECT_FALSE(talk.one.proven());
    }
  }
  exchange injects(ldap, "ann)(uid=*");
  EXPECT_EQ(injects.say("pencil"), step::refused);
  EXPECT_EQ(injects.one.why(), auth::make_error_code(error::ldap_refused));
  EXPECT_EQ(injects.one.remark(), "invalid character in user name for LDAP authentication");
}

}  // namespace
}  // namespace highwater::proxy
