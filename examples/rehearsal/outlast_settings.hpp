// SPDX-License-Identifier: BSL-1.0
//
// What the two outlast guards, blocking and asynchronous, have in common.
#pragma once

#include <outlast/oauth2/decision.hpp>
#include <outlast/oauth2/introspector_options.hpp>
#include <outlast/threads.hpp>

#include "guard.hpp"

#include <string>

namespace rehearsal {

outlast::oauth2::introspector_options options_from(const guard_settings& settings);
outlast::oauth2::requirements requirements_from(const guard_settings& settings);
reply reply_from(outlast::oauth2::decision decided);

/// How its breaker is, in a word.
std::string breaker_of(outlast::circuit_breaker& breaker);

} // namespace rehearsal
