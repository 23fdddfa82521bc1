// SPDX-License-Identifier: BSL-1.0
#include "outlast/http/beast.hpp"

#include "support/beast_client.hpp"

#define TRANSPORT "beast"
using client = outlast_tests::beast_client;
using client_options = outlast::http::beast_options;
#include "support/exchanges.hpp"
