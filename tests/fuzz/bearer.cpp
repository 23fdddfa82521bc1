// SPDX-License-Identifier: BSL-1.0
//
// Authorization headers, one a line: a token is one that the grammar knows, or it is none.
#include <outlast/oauth2/bearer.hpp>

#include "fuzz/support/input.hpp"

#include <string>
#include <string_view>
#include <vector>

using namespace outlast::oauth2;
using outlast_fuzz::holds;

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    outlast_fuzz::input in{data, size};
    std::vector<std::string_view> values;
    while (!in.empty())
        values.push_back(in.line());
    const bearer_reading read = read_bearer(values);

    holds((read.status == bearer_status::several) == (values.size() > 1));
    holds((read.status == bearer_status::token) != read.token.empty());
    holds(read.scheme == auth_scheme::bearer);
    if (read.status == bearer_status::token) {
        const std::string_view value = values.front();
        holds(read.token.data() >= value.data() &&
              read.token.data() + read.token.size() <= value.data() + value.size());
        holds(is_b64token(read.token) && read.token.size() <= bearer_options{}.max_length);
        const std::string again = "Bearer " + std::string{read.token};
        const std::string_view only[] = {again};
        holds(read_bearer(only).token == read.token);
    }
    return 0;
}
