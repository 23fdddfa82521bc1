// SPDX-License-Identifier: BSL-1.0
//
// Pipelines around asynchronous operations: everything that stands on Boost.Asio.
#ifndef OUTLAST_ASIO_HPP
#define OUTLAST_ASIO_HPP

#include <outlast/asio/abandoned.hpp>
#include <outlast/asio/async_run.hpp>

#endif // OUTLAST_ASIO_HPP
