// SPDX-License-Identifier: BSL-1.0
//
// The story: who sends what, what happens to the server and when. It counts nothing.
#pragma once

#include "guard.hpp"
#include "live_view.hpp"
#include "options.hpp"
#include "stage.hpp"
#include "token_book.hpp"

namespace rehearsal {

/// The outage rehearsal with the embedded server. Fills the book with the truth.
record rehearse(const options& wanted, token_book& tokens, live_view& view);

/// The same two APIs in front of somebody's server, which is left in peace.
record observe(const options& wanted, token_book& tokens, live_view& view);

} // namespace rehearsal
