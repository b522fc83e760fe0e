#include "proxy/io/name_resolver.hpp"

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <memory>
#include <utility>

namespace highwater::proxy {

using boost::asio::ip::tcp;

void name_resolver::resolve(std::string host, std::uint16_t port, event_loop& to, found_function then) {
  boost::asio::post(io_, [this, &to, host = std::move(host), port, then = std::move(then)]() mutable {
    auto resolver = std::make_shared<tcp::resolver>(io_);
    resolver->async_resolve(host, std::to_string(port),
                            [resolver, &to, then = std::move(then)](const boost::system::error_code& error,
                                                                    const tcp::resolver::results_type& found) mutable {
                              to.post([error, then = std::move(then),
                                       all = std::vector<tcp_endpoint>(found.begin(), found.end())]() mutable {
                                then(error, std::move(all));
                              });
                            });
  });
}

}  // namespace highwater::proxy
