#include "proxy/process/suitability.hpp"

#include <spdlog/spdlog.h>
#include <sys/resource.h>

#include <algorithm>
#include <boost/asio/ip/address.hpp>

namespace highwater::proxy {

void raise_descriptor_limit(const config::config& settings) {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
  constexpr rlim_t own = 64;  // logs, event loops, monitoring connections
  const auto& limits = settings.limits;
  const rlim_t wanted =
      limits.max_clients + limits.max_logins + settings.cluster.nodes.size() * settings.pool.size + own;
  if (limit.rlim_max >= wanted) return;
  spdlog::warn(
      "only {} files may be open, and limits.max_clients = {} with limits.max_logins = {} and full pools may need {}: "
      "raise the limit (ulimit -n, LimitNOFILE=), or clients will have to wait",
      limit.rlim_max, limits.max_clients, limits.max_logins, wanted);
}

void warn_of_open_door(const config::config& settings) {
  using config::auth_method;
  if (boost::asio::ip::make_address(settings.listen.address).is_loopback()) return;
  const auto anybody =
      std::ranges::any_of(settings.listen.proxy_protocol, [](const auto& each) { return each.prefix == 0; });
  if (anybody) spdlog::warn("listen.proxy_protocol has everybody: whoever connects may say where it comes from");
  if (!settings.auth.rules.empty()) {
    for (const auto& each : settings.auth.rules) {
      const bool everywhere = each.address && each.address->prefix == 0;
      if (each.method == auth_method::trust && everywhere && !each.clientcert)
        spdlog::warn("a rule trusts whoever can reach {}: method trust for {}", settings.listen.address,
                     to_string(*each.address));
    }
    return;
  }
  if (settings.auth.method != auth_method::trust) return;
  spdlog::warn(
      "auth.method is trust and listen.address is {}: everyone who can reach the port may log in under any name, "
      "without a password",
      settings.listen.address);
}

}  // namespace highwater::proxy
