// SPDX-License-Identifier: BSL-1.0
//
// The page: one file of HTML that needs nothing else, no script and no other address.
#pragma once

#include "stage.hpp"
#include "table.hpp"
#include "tally.hpp"
#include "verdict.hpp"

#include <string>

namespace rehearsal {

std::string
page(const record& happened, const figures& counted, const verdict& said, const table& figures);

/// The timeline of one API, as SVG.
std::string chart(const record& happened, const figures& counted, std::size_t side);

/// Text, safe inside HTML.
std::string escaped(const std::string& text);

} // namespace rehearsal
