#include "proxy/process/http_server.hpp"

#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <chrono>

namespace highwater::proxy {

namespace {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;

constexpr std::chrono::seconds patience{10};  // for a whole request, and for its whole answer
constexpr std::size_t longest_header = 8U << 10U;

}  // namespace

class http_server::exchange : public std::enable_shared_from_this<exchange> {
public:
  exchange(asio::ip::tcp::socket socket, const std::function<http_page(std::string_view)>& page)
      : stream_(std::move(socket)), page_(page) {}

  void close() { stream_.close(); }
  void read() {
    parser_.emplace();
    parser_->header_limit(longest_header);
    parser_->body_limit(0);
    stream_.expires_after(patience);
    http::async_read(stream_, buffer_, *parser_, [self = shared_from_this()](beast::error_code error, std::size_t) {
      if (!error) self->answer();
    });
  }

private:
  void answer() {
    const auto& request = parser_->get();
    response_ = {};
    http_page page{405, "text/plain; charset=utf-8", "only GET\n"};
    const bool get = request.method() == http::verb::get || request.method() == http::verb::head;
    if (get) {
      const std::string_view target(request.target().data(), request.target().size());
      page = page_(target.substr(0, target.find('?')));
    }
    response_.result(page.status);
    response_.version(request.version());
    response_.set(http::field::content_type, page.type);
    response_.keep_alive(request.keep_alive());
    response_.content_length(page.body.size());
    if (request.method() != http::verb::head) response_.body() = std::move(page.body);
    stream_.expires_after(patience);
    http::async_write(stream_, response_, [self = shared_from_this()](beast::error_code error, std::size_t) {
      if (!error && self->response_.keep_alive()) self->read();
    });
  }

  beast::tcp_stream stream_;
  const std::function<http_page(std::string_view)>& page_;
  beast::flat_buffer buffer_;
  std::optional<http::request_parser<http::empty_body>> parser_;
  http::response<http::string_body> response_;
};

http_server::http_server(asio::io_context& io, asio::ip::tcp::acceptor acceptor,
                         std::function<http_page(std::string_view)> page)
    : acceptor_(std::move(acceptor)), pause_(io), page_(std::move(page)) {}

void http_server::stop() {
  beast::error_code ignored;
  acceptor_.close(ignored);
  pause_.cancel();
}

void http_server::accept() {
  acceptor_.async_accept([this](beast::error_code error, asio::ip::tcp::socket socket) {
    if (!acceptor_.is_open()) return;
    if (error) return accept_later();
    const auto added = std::make_shared<exchange>(std::move(socket), page_);
    make_room();
    open_.push_back(added);
    added->read();
    accept();
  });
}

// Whoever has been here longest has had time enough: newcomers do not wait for slow readers.
void http_server::make_room() {
  std::erase_if(open_, [](const auto& one) { return one.expired(); });
  if (open_.size() < most_connections) return;
  if (const auto oldest = open_.front().lock()) oldest->close();
  open_.pop_front();
}

// No descriptors: asking again at once would only keep a processor busy.
void http_server::accept_later() {
  constexpr std::chrono::milliseconds pause{100};
  pause_.expires_after(pause);
  pause_.async_wait([this](beast::error_code error) {
    if (!error && acceptor_.is_open()) accept();
  });
}

}  // namespace highwater::proxy
