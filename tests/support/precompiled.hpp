// SPDX-License-Identifier: BSL-1.0
//
// What most tests include, compiled once a program. Nothing of outlast's: a test of a header must not
// find others included before it.
#include "support/catch.hpp"

#include <boost/outcome/std_result.hpp>

#include <chrono>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>
