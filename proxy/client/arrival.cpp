#include "proxy/client/arrival.hpp"

#include <pwd.h>
#include <spdlog/spdlog.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <utility>

#include "proxy/client/context.hpp"
#include "proxy/client/operators.hpp"
#include "proxy/io/log_text.hpp"

namespace highwater::proxy {

namespace {

constexpr std::size_t enough_for_login = 4096;

// Who is at the other end of a Unix-domain socket, as it was when it connected. Empty if nobody knows.
std::function<std::string()> system_user_of(int socket) {
  ucred who{};
  socklen_t size = sizeof who;
  if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &who, &size) != 0) return {};
  return [uid = who.uid] {
    passwd entry{};
    passwd* found = nullptr;
    std::array<char, 16'384> text{};
    ::getpwuid_r(uid, &entry, text.data(), text.size(), &found);
    return std::string(found != nullptr ? found->pw_name : "");
  };
}

doorway doorway_of(worker_context& worker, const encryption& how, const accepted_client& from) {
  doorway door{.access = worker.shared.access.load(), .address = from.address.ip};
  door.console = worker.settings->admin;
  door.operates = from.operates;
  // As with PostgreSQL, who comes by a Unix-domain socket has no TLS, and needs none.
  if (from.address.ip) {
    const auto tls = how.clients();
    door.encryption = {tls != nullptr, how.clients_need_it(), tls ? tls->certificate_hash() : ""};
  } else {
    door.system_user = system_user_of(from.socket.get());
  }
  return door;
}

authentication::randomness draw_for_login(worker_context& worker) {
  authentication::randomness drawn{worker.nonce(), {}};
  worker.draw(drawn.salt);
  return drawn;
}

}  // namespace

arrival::arrival(worker_context& worker, accepted_client from)
    : worker_(worker),
      address_(from.address),
      encryption_(worker.shared.encryption.load()),
      login_(doorway_of(worker, *encryption_, from), draw_for_login(worker)),
      announced_(from.announced),
      operates_(from.operates) {
  socket_ = stream(worker.loop, std::move(from.socket), *this);
}

void arrival::start() {
  worker_.probe.clients.add();
  worker_.arriving.push_back(*this);
  unknown_ = true;
  const auto& settings = *worker_.settings;
  deadline_ = worker_.timers.schedule(std::chrono::steady_clock::now() + settings.timeouts.login, [this] {
    const auto alive = shared_from_this();
    deadline_ = {};
    fail(because(wire::error_cause::timeout,
                 {std::string(wire::sqlstate::protocol_violation), "login took too long", "", ""}));
  });
  socket_.await_readable();
  // Whoever has not said who it is keeps nobody out who wants to.
  if (worker_.shared.strangers.fetch_add(1) >= settings.limits.max_logins) worker_.arriving.front().make_room();
}

void arrival::make_room() {
  const auto alive = shared_from_this();
  // What it has said may be here already, and not read yet: somebody who has asked to cancel is no login.
  on_readable();
  if (!unknown_) return;
  fail({std::string(wire::sqlstate::too_many_connections), "too many clients are logging in",
        "Highwater waits for at most " + std::to_string(worker_.settings->limits.max_logins) + " of them.",
        "Raise limits.max_logins, or connect again."});
}

// It is lent no buffer: such as this one may come in thousands, and say nothing.
void arrival::on_readable() {
  const auto alive = shared_from_this();
  const auto got = socket_.read(worker_.scratch.data(), std::min(enough_for_login, worker_.scratch.size()));
  if (got.status == stream::read_status::closed) return gone();
  // Who waits for a cancel request has nothing more to say.
  if (unknown_ && !held_back_) {
    input_.append(worker_.scratch, 0, got.size);
    process();
  }
  if (may_read()) socket_.await_readable();
}

// What comes while it is busy is kept, so that it is noticed when the client goes; but there is an end to it.
bool arrival::may_read() const noexcept {
  return !over_ && (!busy_ || input_.size() < enough_for_login);
}

void arrival::process() {
  if (announced_ && !take_announcement()) return;
  if (const auto* const tls = socket_.tls(); tls != nullptr && tls->established() && !certificate_shown_) {
    certificate_shown_ = true;
    if (tls->has_peer_certificate()) login_.shown(tls->peer_common_name());
  }
  for (;;) {
    if (worker_.shared.clients.load() >= worker_.settings->limits.max_clients) login_.turn_away(full());
    std::string out;
    std::size_t used = 0;
    const auto step = login_.take(input_, used, out);
    input_.erase(0, used);
    if (!act(step, out) || used == 0) return;
  }
}

// Who has no right to speak for others, or does not say whose connection it is, is not answered: it is no client.
bool arrival::take_announcement() {
  std::size_t used = 0;
  const auto header = wire::read_proxy_header(input_, used);
  if (std::holds_alternative<wire::proxy_incomplete>(header)) return false;
  if (const auto* wrong = std::get_if<wire::not_proxy>(&header)) return hang_up_on_balancer(wrong->why);
  announced_ = false;
  input_.erase(0, used);
  const auto* const other = std::get_if<wire::proxied>(&header);
  if (other == nullptr) return true;
  // The balancer's own address would let in whom it does not stand for.
  const auto source = address_of(other->source);
  if (!source) return hang_up_on_balancer("it names a client without an IP address");
  address_ = *source;
  login_.comes_from(*source->ip);
  return true;
}

bool arrival::hang_up_on_balancer(std::string_view why) {
  note_failed_login(
      worker_, address_, "", "",
      because(wire::error_cause::protocol,
              {std::string(wire::sqlstate::protocol_violation),
               "no PROXY header, as listen.proxy_protocol demands of this address: " + std::string(why), "", ""}));
  end();
  return false;
}

wire::error arrival::full() const {
  return {std::string(wire::sqlstate::too_many_connections), "sorry, too many clients already",
          "Highwater serves at most " + std::to_string(worker_.settings->limits.max_clients) + " clients.",
          "Raise limits.max_clients."};
}

bool arrival::act(login::step step, std::string& out) {
  if (step != login::step::refused) socket_.write(out);
  switch (step) {
    case login::step::more:
      return true;
    case login::step::encrypt:
      encrypt();
      return false;
    case login::step::look_up:
      look_up();
      return false;
    case login::step::verify:
      verify();
      return false;
    case login::step::ask:
      ask_elsewhere();
      return false;
    case login::step::accepted:
      enter();
      return false;
    case login::step::cancel:
      ask_to_cancel();
      return false;
    case login::step::refused:
      refused(std::move(out));
      return false;
    case login::step::closed:
      if (!login_.why().message.empty())
        note_failed_login(worker_, address_, login_.user, login_.database, login_.why());
      end();
      return false;
  }
  return false;
}

bool arrival::wants_console() const {
  return operates_ ||
         (login_.replication == wire::replication::none && is_console(worker_.settings->admin, login_.database));
}

std::optional<console::access> arrival::may_operate() const {
  if (operates_) return console::access::admin;
  return access_of(worker_.settings->admin, login_.user);
}

void arrival::enter() {
  known_now();
  if (wants_console()) return may_operate() ? hand_over() : fail(may_not_operate(login_.user));
  const auto& limits = worker_.settings->limits;
  auto place = worker_.shared.client_counts.enter(limits, login_.user, login_.database);
  if (const auto* why = std::get_if<wire::error>(&place)) return fail(*why);
  counted_ = std::get<client_counts::place_ptr>(std::move(place));
  if (worker_.shared.clients.fetch_add(1) < limits.max_clients) return hand_over();
  --worker_.shared.clients;
  fail(full());
}

void arrival::look_up() {
  busy_ = true;
  worker_.shared.secrets->ask(login_.user, [weak = weak_from_this(), &loop = worker_.loop](const auto& answer) {
    loop.post([weak, answer] {
      if (const auto self = weak.lock()) self->looked_up(answer);
    });
  });
}

void arrival::looked_up(const auth::secret_answer& answer) {
  using enum auth::secret_answer::outcome;
  stamp_ = answer.stamp();
  go_on([&](login& way_in, std::string& out) {
    if (answer.what == unavailable) return way_in.give_up(auth::make_error_code(auth::error::lookup_unavailable), out);
    return way_in.looked_up(answer.what == found ? std::optional(answer.rolpassword) : std::nullopt, out);
  });
}

// Derives keys, or asks the system, which would keep the others waiting here.
void arrival::verify() {
  busy_ = true;
  worker_.shared.slow.run([check = login_.to_verify(), weak = weak_from_this(), &loop = worker_.loop] {
    if (weak.expired()) return;
    loop.post([weak, how = check()] {
      if (const auto self = weak.lock())
        self->go_on([&](login& way_in, std::string& out) { return way_in.verified(how, out); });
    });
  });
}

// A directory, or PAM. Who has gone when its turn comes is not asked about.
void arrival::ask_elsewhere() {
  busy_ = true;
  const auto weak = weak_from_this();
  const bool taken = worker_.shared.judges.ask(
      login_.question(), [weak] { return !weak.expired(); },
      [weak, &loop = worker_.loop](const auth::verdict& how) {
        loop.post([weak, how] {
          if (const auto self = weak.lock()) self->answered(how);
        });
      });
  if (taken) return;
  go_on([](login& way_in, std::string& out) {
    return way_in.give_up(auth::make_error_code(auth::error::judge_crowded), out);
  });
}

void arrival::answered(const auth::verdict& how) {
  const bool complains = how.what == auth::verdict::outcome::right && !how.reason.empty();
  if (complains && worker_.logins_told.may_tell(std::chrono::steady_clock::now()))
    spdlog::warn("client {} is let in as user {} although: {}{}", address_.text(), quoted(login_.user), how.reason,
                 and_more(worker_.logins_told.untold()));
  go_on([&](login& way_in, std::string& out) { return way_in.answered(how, out); });
}

// What it has waited for is there, and until now nothing has been read.
void arrival::go_on(const std::function<login::step(login&, std::string&)>& with) {
  busy_ = false;
  if (over_ || held_back_) return;
  std::string out;
  if (act(with(login_, out), out)) process();
  if (may_read()) socket_.await_readable();
}

void arrival::encrypt() {
  // Who has not asked for it first has to say what it is that it wants to speak.
  const bool direct = !input_.empty();
  socket_.encrypt(std::make_unique<tls_engine>(encryption_->clients(), tls_engine::options{.demands_protocol = direct}),
                  std::exchange(input_, {}));
}

// Clients come and go without a word; but whoever could not agree on TLS cannot be told otherwise.
void arrival::gone() {
  const auto* const tls = socket_.tls();
  if (tls != nullptr && !tls->established() && !tls->why().empty()) {
    note_failed_login(worker_, address_, login_.user, login_.database,
                      because(wire::error_cause::protocol, {std::string(wire::sqlstate::protocol_violation),
                                                            "could not accept SSL connection: " + tls->why(), "", ""}));
  }
  end();
}

// Who asks hears that it is done from the end of this connection, as with a server: what is run after that must not be
// hit. It will never log in, and a server that does not answer is not waited for without end.
void arrival::ask_to_cancel() {
  constexpr std::chrono::seconds longest_wait{10};
  known_now();
  deadline_ = worker_.timers.schedule(std::chrono::steady_clock::now() + longest_wait, [this] {
    const auto alive = shared_from_this();
    deadline_ = {};
    end();
  });
  worker_.shared.cancels.cancel(login_.key, [&loop = worker_.loop, weak = weak_from_this()] {
    loop.post([weak] {
      if (const auto self = weak.lock()) self->end();
    });
  });
}

// Who guesses waits longer each time.
void arrival::refused(std::string answer) {
  const auto& why = login_.why();
  note_failed_login(worker_, address_, login_.user, login_.database, why, login_.remark());
  const auto now = std::chrono::steady_clock::now();
  const auto wait = login_.guessed() ? worker_.shared.login_guard.failed(address_.bytes(), login_.user, now)
                                     : std::chrono::milliseconds(0);
  const auto tell = [this, answer = std::move(answer)] {
    const auto alive = shared_from_this();
    deadline_ = {};
    socket_.write(answer);
    socket_.close_when_drained();
    end();
  };
  worker_.timers.cancel(deadline_);
  if (wait.count() == 0) return tell();
  held_back_ = true;
  deadline_ = worker_.timers.schedule(now + wait, tell);
}

void arrival::known_now() noexcept {
  worker_.timers.cancel(deadline_);
  unlink();
  if (std::exchange(unknown_, false)) --worker_.shared.strangers;
}

void arrival::hand_over() {
  over_ = true;
  if (auto proven = login_.proven()) worker_.shared.proven.remember(login_.user, std::move(*proven));
  if (login_.knew_password()) worker_.shared.login_guard.succeeded(address_.bytes(), std::chrono::steady_clock::now());
  looked_up_users::place_ptr place;
  if (stamp_)
    place =
        std::make_unique<looked_up_users::place>(worker_.shared.looked_up, auth::standing_user{login_.user, *stamp_});
  worker_.admit({std::move(socket_), address_, std::move(input_), login_.user, login_.database,
                 std::move(login_.settings), login_.minor, std::move(place), login_.replication,
                 wants_console() ? may_operate() : std::nullopt, std::move(counted_)});
  worker_.arrival_over(*this);
}

void arrival::fail(const wire::error& why) {
  note_failed_login(worker_, address_, login_.user, login_.database, why);
  kill(why);
}

void arrival::kill(const wire::error& why) {
  if (over_) return;
  std::string out;
  wire::write_error(out, wire::severity::fatal, why);
  socket_.write(out);
  socket_.close_when_drained();
  end();
}

void arrival::end() noexcept {
  if (std::exchange(over_, true)) return;
  known_now();
  worker_.probe.clients.add(-1);
  socket_.close();
  worker_.arrival_over(*this);
}

void note_failed_login(worker_context& worker, const client_address& from, std::string_view user,
                       std::string_view database, const wire::error& why, std::string_view remark) {
  worker.probe.login_failed(static_cast<std::size_t>(why.cause));
  if (!worker.logins_told.may_tell(std::chrono::steady_clock::now())) return;
  const auto untold = worker.logins_told.untold();
  // Authenticated or not, whom it said to be.
  spdlog::warn("client {} could not log in as user {} to database {}: {} ({}){}{}{}", from.text(), quoted(user),
               quoted(database), why.message, why.code, remark.empty() ? "" : ": ", remark, and_more(untold));
}

}  // namespace highwater::proxy
