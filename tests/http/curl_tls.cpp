// SPDX-License-Identifier: BSL-1.0
#include "outlast/http/curl.hpp"

#include <chrono>
#include <string>

#define TRANSPORT "curl"
using client = outlast::http::curl_transport;
using client_options = outlast::http::curl_options;

namespace {

client_options trusting(const std::string& ca_file) { return {.ca_file = ca_file}; }

void show(client_options& options, const std::string& certificate, const std::string& key) {
    options.client_certificate = certificate;
    options.client_key = key;
}

client_options patient(client_options options, std::chrono::milliseconds for_the_handshake) {
    options.connect_timeout = for_the_handshake;
    return options;
}

} // namespace

#include "support/tls_exchanges.hpp"

TEST_CASE("curl tls: a file that is no certificate is our own trouble") {
    temporary_file empty;
    CHECK(failure_of(good(), trusting(empty.path())) == errc::bad_setup);
    auto options = world().options();
    show(options, empty.path(), empty.path());
    CHECK(failure_of(good(), options) == errc::bad_setup);
}
