// SPDX-License-Identifier: BSL-1.0
//
// What the gateway writes: one JSON object a line, without tokens.
#pragma once

#include <boost/json/object.hpp>

#include <ostream>
#include <string_view>

namespace gateway {

/// **Sharing** by one thread.
class log {
public:
    explicit log(std::ostream& into) : into_(into) {}

    /// \param what happened, in snake_case. Whoever adds `more` answers for it: no token, no secret, no body.
    void line(std::string_view level, std::string_view what, boost::json::object more = {});

private:
    std::ostream& into_;
};

} // namespace gateway
