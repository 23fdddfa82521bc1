// SPDX-License-Identifier: BSL-1.0
//
// What the stories of the asynchronous introspector include, compiled once.
#include <outlast/oauth2/async_introspector.hpp>

#include "../../support/precompiled.hpp"

#include <boost/asio.hpp>
