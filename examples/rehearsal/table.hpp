// SPDX-License-Identifier: BSL-1.0
//
// The table at the end: the same cells for the terminal and the page.
#pragma once

#include "tally.hpp"

#include <string>
#include <vector>

namespace rehearsal {

struct table {
    struct column {
        std::string over; ///< first line of its head
        std::string head;
        std::string meaning; ///< what is counted, for those who ask
    };
    struct row {
        std::string phase;
        std::string seconds;
        both<std::vector<std::string>> cells; ///< one a column, for each API
    };

    std::vector<column> columns;
    std::vector<row> rows;
};

table make_table(const figures& counted);

/// For the terminal, at most 100 columns wide.
std::string lines_of(const table& figures);

/// What its columns count, and why the totals are more than the sum of the phases; as wide at most.
std::string legend_of(const table& figures, double settling_seconds);

} // namespace rehearsal
