// SPDX-License-Identifier: BSL-1.0
//
// Everything but `keyed`, the simulation, `describe`, and what lives in folders of its own (cache/,
// http/, oauth2/).
#ifndef OUTLAST_OUTLAST_HPP
#define OUTLAST_OUTLAST_HPP

#include <outlast/backoff.hpp>
#include <outlast/budget.hpp>
#include <outlast/cache_access.hpp>
#include <outlast/cache_aside.hpp>
#include <outlast/cache_later.hpp>
#include <outlast/cache_options.hpp>
#include <outlast/cache_run.hpp>
#include <outlast/call.hpp>
#include <outlast/callback.hpp>
#include <outlast/circuit.hpp>
#include <outlast/circuit_breaker.hpp>
#include <outlast/circuit_control.hpp>
#include <outlast/circuit_facts.hpp>
#include <outlast/circuit_gate.hpp>
#include <outlast/circuit_log.hpp>
#include <outlast/circuit_options.hpp>
#include <outlast/circuit_run.hpp>
#include <outlast/circuit_telling.hpp>
#include <outlast/circuit_trial.hpp>
#include <outlast/circuit_watch.hpp>
#include <outlast/config.hpp>
#include <outlast/count_window.hpp>
#include <outlast/error.hpp>
#include <outlast/event.hpp>
#include <outlast/failure.hpp>
#include <outlast/fallback.hpp>
#include <outlast/fan.hpp>
#include <outlast/flights.hpp>
#include <outlast/freshness.hpp>
#include <outlast/guarded.hpp>
#include <outlast/hand.hpp>
#include <outlast/heap_array.hpp>
#include <outlast/invoke.hpp>
#include <outlast/label.hpp>
#include <outlast/lesser.hpp>
#include <outlast/machine.hpp>
#include <outlast/make.hpp>
#include <outlast/names.hpp>
#include <outlast/nest.hpp>
#include <outlast/open_time.hpp>
#include <outlast/order.hpp>
#include <outlast/outcome.hpp>
#include <outlast/permit.hpp>
#include <outlast/pipeline.hpp>
#include <outlast/probes.hpp>
#include <outlast/ramp.hpp>
#include <outlast/random.hpp>
#include <outlast/ratio.hpp>
#include <outlast/refresh.hpp>
#include <outlast/refusal.hpp>
#include <outlast/report.hpp>
#include <outlast/result.hpp>
#include <outlast/retry.hpp>
#include <outlast/run.hpp>
#include <outlast/running_calls.hpp>
#include <outlast/shared_word.hpp>
#include <outlast/slot.hpp>
#include <outlast/step.hpp>
#include <outlast/store.hpp>
#include <outlast/success_lines.hpp>
#include <outlast/tally.hpp>
#include <outlast/text.hpp>
#include <outlast/threads.hpp>
#include <outlast/time.hpp>
#include <outlast/time_window.hpp>
#include <outlast/timeout.hpp>
#include <outlast/window.hpp>
#include <outlast/worst_case.hpp>

#endif // OUTLAST_OUTLAST_HPP
