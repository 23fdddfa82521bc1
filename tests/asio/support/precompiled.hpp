// SPDX-License-Identifier: BSL-1.0
//
// What the tests of the Asio driver include, compiled once a program.
#include "../../support/precompiled.hpp"

#include <boost/asio.hpp>
