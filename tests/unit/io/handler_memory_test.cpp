#include "proxy/io/handler_memory.hpp"

#include <gtest/gtest.h>

#include <boost/asio/bind_allocator.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <optional>

namespace highwater::proxy {
namespace {

TEST(handler_memory, is_given_again_when_it_has_come_back) {
  const handler_memory memory;
  auto allocator = memory.get();
  auto* const first = allocator.allocate(100);
  auto* const beside = allocator.allocate(100);
  EXPECT_NE(first, beside) << "there is room for one";
  allocator.deallocate(first, 100);
  EXPECT_EQ(allocator.allocate(200), first);
  allocator.deallocate(first, 200);
  allocator.deallocate(beside, 100);
}

TEST(handler_memory, takes_what_is_large_from_elsewhere) {
  const handler_memory memory;
  auto allocator = memory.get();
  auto* const large = allocator.allocate(1000);
  auto* const small = allocator.allocate(8);
  allocator.deallocate(large, 1000);
  auto* const beside = allocator.allocate(8);
  EXPECT_NE(beside, small) << "what came back was not this";
  allocator.deallocate(beside, 8);
  allocator.deallocate(small, 8);
}

TEST(handler_memory, lies_free_when_its_handler_is_called) {
  boost::asio::io_context io;
  const handler_memory memory;
  std::byte* before = memory.get().allocate(1);
  memory.get().deallocate(before, 1);
  std::byte* within = nullptr;
  boost::asio::post(io, boost::asio::bind_allocator(memory.get(), [&] {
                      within = memory.get().allocate(1);
                      memory.get().deallocate(within, 1);
                    }));
  io.run();
  EXPECT_EQ(within, before);
}

TEST(handler_memory, outlives_its_owner_with_a_handler_that_is_never_called) {
  std::optional<handler_memory> memory(std::in_place);
  boost::asio::io_context io;
  boost::asio::post(io, boost::asio::bind_allocator(memory->get(), [] {}));
  memory.reset();
}

}  // namespace
}  // namespace highwater::proxy
