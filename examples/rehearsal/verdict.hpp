// SPDX-License-Identifier: BSL-1.0
//
// The verdict in words, made from the counts.
#pragma once

#include "stage.hpp"
#include "tally.hpp"

#include <string>
#include <vector>

namespace rehearsal {

struct verdict {
    bool kept = true; ///< outlast did what it promises
    std::string headline;
    std::vector<std::string> sentences;
};

verdict judge(const record& happened, const figures& counted);

} // namespace rehearsal
