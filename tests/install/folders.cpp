// SPDX-License-Identifier: BSL-1.0
//
// What stands on other libraries: does not link without libcurl, OpenSSL, libsodium or Boost.JSON.
#include <outlast/http/curl.hpp>
#include <outlast/http/tls_context.hpp>
#include <outlast/oauth2/strict_json.hpp>
#include <outlast/oauth2/token_digest.hpp>

#include <boost/json/src.hpp>

#include <iostream>

namespace {

struct anything {
    void open_object(std::size_t) {}
    void open_array(std::size_t) {}
    void key(std::size_t, std::string_view) {}
    void string(std::size_t, std::string_view) {}
    void number(std::size_t, std::string_view) {}
    void boolean(std::size_t, bool) {}
    void null(std::size_t) {}
};

} // namespace

int main() {
    namespace oauth2 = outlast::oauth2;
    anything sink;
    const bool good = outlast::http::curl_transport::make({}).has_value() &&
                      outlast::http::make_tls_context({}).has_value() &&
                      oauth2::detail::siphash_128("0123456789abcdef", "token").has_value() &&
                      !oauth2::read_strict_json(R"({"active":true})", sink);
    std::cout << (good ? "all there\n" : "not all there\n");
}
