// SPDX-License-Identifier: BSL-1.0
#include "support/beast_client.hpp"

#include <chrono>
#include <string>

#define TRANSPORT "beast"
using client = outlast_tests::beast_client;
using client_options = outlast::http::beast_options;

namespace {

client_options trusting(const std::string& ca_file) { return {.tls = {.ca_file = ca_file}}; }

void show(client_options& options, const std::string& certificate, const std::string& key) {
    options.tls.client_certificate = certificate;
    options.tls.client_key = key;
}

client_options patient(client_options options, std::chrono::milliseconds for_the_handshake) {
    options.handshake_timeout = for_the_handshake;
    return options;
}

} // namespace

#include "support/tls_exchanges.hpp"
