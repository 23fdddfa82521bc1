// SPDX-License-Identifier: BSL-1.0
//
// What the tests of the asynchronous transport's parts include, compiled once.
#include "../../support/precompiled.hpp"

#include <boost/asio.hpp>
#include <boost/asio/ssl.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
