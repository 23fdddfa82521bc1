// SPDX-License-Identifier: BSL-1.0
#include "text.hpp"

#include <algorithm>
#include <cctype>

namespace doctor {

std::string fit(std::string_view said, const std::vector<std::string_view>& hidden) {
    const auto same = [](unsigned char a, unsigned char b) {
        return std::tolower(a) == std::tolower(b);
    };
    std::string made;
    while (!said.empty() && made.size() < 200) {
        const auto is_next = [&](std::string_view one) {
            return !one.empty() && one.size() <= said.size() &&
                   std::equal(one.begin(), one.end(), said.begin(), same);
        };
        const auto found = std::ranges::find_if(hidden, is_next);
        if (found != hidden.end())
            made += "[hidden]";
        else
            made.push_back(said.front() >= ' ' && said.front() <= '~' ? said.front() : '?');
        said.remove_prefix(found != hidden.end() ? found->size() : 1);
    }
    if (!said.empty())
        made += "...";
    return made;
}

} // namespace doctor
