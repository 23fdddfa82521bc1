// SPDX-License-Identifier: BSL-1.0
#include <outlast/asio/answer.hpp>

#include "support/catch.hpp"

#include <memory>
#include <string>
#include <utility>

TEST_CASE("answer: moves what it holds into the handler, as a handler that is used up") {
    std::string told;
    struct handler {
        std::unique_ptr<int> only_moved = std::make_unique<int>(0);
        std::string* told;
        void operator()(std::unique_ptr<int> n) && { *told = "rvalue " + std::to_string(*n); }
        void operator()(std::unique_ptr<int>) & { *told = "lvalue"; }
    };
    outlast::detail::answer<handler, std::unique_ptr<int>> a{std::make_unique<int>(7),
                                                             handler{.told = &told}};
    a();
    CHECK(told == "rvalue 7");
    CHECK(a.what == nullptr);
}
