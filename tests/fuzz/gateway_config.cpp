// SPDX-License-Identifier: BSL-1.0
//
// The gateway's file: it is refused with a sentence that names the place, or it makes sense.
#include "config.hpp"
#include "fuzz/support/input.hpp"

#include <string>
#include <string_view>

using outlast_fuzz::holds;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view text{reinterpret_cast<const char*>(data), size};
    try {
        const gateway::configuration c = gateway::read_configuration(text, "gateway.toml");
        holds(c.introspector.problem() == nullptr);
        holds(!c.routes.empty());
        std::size_t longest = c.routes.front().path.size();
        for (const gateway::route& r : c.routes) {
            holds(r.path.size() <= longest);
            longest = r.path.size();
            holds(!gateway::is_ambiguous(r.path));
            holds(outlast::oauth2::problem_of(r.wanted).empty());
        }
    } catch (const gateway::bad_configuration& e) {
        holds(std::string_view{e.what()}.starts_with("gateway.toml:"));
    }
    return 0;
}
