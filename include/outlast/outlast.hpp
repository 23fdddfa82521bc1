// SPDX-License-Identifier: BSL-1.0
//
// Everything but the simulation and what lives in folders of its own (cache/, http/, oauth2/).
#ifndef OUTLAST_OUTLAST_HPP
#define OUTLAST_OUTLAST_HPP

#include <outlast/backoff.hpp>
#include <outlast/cache_aside.hpp>
#include <outlast/cache_options.hpp>
#include <outlast/cache_run.hpp>
#include <outlast/call.hpp>
#include <outlast/callback.hpp>
#include <outlast/circuit.hpp>
#include <outlast/circuit_breaker.hpp>
#include <outlast/config.hpp>
#include <outlast/error.hpp>
#include <outlast/failure.hpp>
#include <outlast/fallback.hpp>
#include <outlast/flights.hpp>
#include <outlast/freshness.hpp>
#include <outlast/guarded.hpp>
#include <outlast/hand.hpp>
#include <outlast/keyed.hpp>
#include <outlast/label.hpp>
#include <outlast/lru.hpp>
#include <outlast/machine.hpp>
#include <outlast/make.hpp>
#include <outlast/names.hpp>
#include <outlast/nest.hpp>
#include <outlast/outcome.hpp>
#include <outlast/permit.hpp>
#include <outlast/pipeline.hpp>
#include <outlast/random.hpp>
#include <outlast/ratio.hpp>
#include <outlast/refresh.hpp>
#include <outlast/report.hpp>
#include <outlast/result.hpp>
#include <outlast/retry.hpp>
#include <outlast/run.hpp>
#include <outlast/step.hpp>
#include <outlast/store.hpp>
#include <outlast/text.hpp>
#include <outlast/threads.hpp>
#include <outlast/time.hpp>
#include <outlast/timeout.hpp>
#include <outlast/window.hpp>

#endif // OUTLAST_OUTLAST_HPP
