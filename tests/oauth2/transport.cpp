// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/transport.hpp>

#include <outlast/result.hpp>

#include "support/catch.hpp"
#include "support/server.hpp"

#include <string>

namespace http = outlast::http;
using outlast::oauth2::transport;

namespace {

struct another_result {
    outlast::result<std::string> operator()(const http::request&, const http::limits&);
};
struct no_limits {
    outlast::result<http::response> operator()(const http::request&);
};

static_assert(transport<outlast_tests::scripted_server>);
static_assert(!transport<another_result>);
static_assert(!transport<no_limits>);

} // namespace

TEST_CASE("transport: what it is, is said by the compiler") { SUCCEED(); }
