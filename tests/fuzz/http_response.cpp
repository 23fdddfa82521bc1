// SPDX-License-Identifier: BSL-1.0
//
// The bytes of a connection, as the Beast transport reads them, however they are cut; and as the lines and
// pieces that libcurl hands over.
#include <outlast/http/beast_reply.hpp>
#include <outlast/http/reply_reader.hpp>

#include "fuzz/support/input.hpp"

#include <algorithm>
#include <cstring>
#include <optional>
#include <string_view>

using namespace outlast::http;
using outlast_fuzz::holds;
using state = beast_reply::state;

namespace {

constexpr reply_bounds bounds{.max_headers = 2048, .max_header_lines = 16, .max_body = 4096};

void holds_of(const response& r) {
    holds(r.status >= 200 && r.status <= 999);
    holds(r.body.size() <= bounds.max_body);
    std::size_t bytes = 0;
    for (const header& line : r.headers) {
        holds(is_token(line.name));
        bytes += line.name.size() + line.value.size();
        const bool is_coded = same_name(line.name, "Content-Encoding");
        holds(!is_coded || same_name(line.value, "identity"));
    }
    holds(bytes <= bounds.max_headers);
}

/// Nothing when it is no answer.
std::optional<response> read(std::string_view bytes, std::size_t piece, bool without_body) {
    beast_reply reply{bounds, without_body};
    state at = state::headers;
    while (!bytes.empty() && (at == state::headers || at == state::body)) {
        const auto room = reply.room();
        holds(room.size() != 0);
        const std::size_t size = std::min({bytes.size(), piece, room.size()});
        std::memcpy(room.data(), bytes.data(), size);
        bytes.remove_prefix(size);
        at = reply.take(size);
    }
    if (at == state::headers || at == state::body)
        at = reply.end();
    if (at != state::complete)
        return std::nullopt;
    (void)reply.may_keep();
    return std::move(reply).result();
}

void read_lines(std::string_view bytes, bool without_body) {
    reply_reader reader{bounds.max_headers, bounds.max_body, without_body};
    bool goes_on = true;
    while (goes_on && !bytes.empty() && !reader.has_headers()) {
        const std::size_t end = std::min(bytes.find('\n'), bytes.size() - 1) + 1;
        goes_on = reader.line(bytes.substr(0, end));
        bytes.remove_prefix(end);
    }
    while (goes_on && !bytes.empty()) {
        const std::string_view piece = bytes.substr(0, 1000);
        goes_on = reader.body(piece);
        bytes.remove_prefix(piece.size());
    }
    holds(goes_on != reader.failure().has_value());
    if (goes_on && reader.has_headers())
        holds_of(std::move(reader).take());
}

} // namespace

int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view bytes{reinterpret_cast<const char*>(data), size};
    for (const bool without_body : {false, true}) {
        const auto whole = read(bytes, bytes.size(), without_body);
        holds(read(bytes, 1, without_body) == whole);
        holds(read(bytes, 7, without_body) == whole);
        if (whole)
            holds_of(*whole);
        read_lines(bytes, without_body);
    }
    return 0;
}
