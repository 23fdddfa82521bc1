// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/strict_json.hpp>

#include "support/catch.hpp"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

using namespace outlast::oauth2;

namespace {

/// Writes down what it hears.
struct listener {
    std::string heard;

    void note(std::size_t depth, char what, std::string_view text = {}) {
        heard.append(std::to_string(depth)).append(1, what).append(text).append(1, ' ');
    }
    void open_object(std::size_t depth) { note(depth, '{'); }
    void open_array(std::size_t depth) { note(depth, '['); }
    void key(std::size_t depth, std::string_view name) { note(depth, 'k', name); }
    void string(std::size_t depth, std::string_view text) { note(depth, 's', text); }
    void number(std::size_t depth, std::string_view text) { note(depth, 'n', text); }
    void boolean(std::size_t depth, bool value) { note(depth, value ? 't' : 'f'); }
    void null(std::size_t depth) { note(depth, '0'); }
};

std::optional<reason> problem(std::string_view body) {
    listener sink;
    return read_strict_json(body, sink);
}

std::string heard(std::string_view body) {
    listener sink;
    CHECK_FALSE(read_strict_json(body, sink));
    return sink.heard;
}

std::string nested(std::size_t depth) { return std::string(depth, '[') + std::string(depth, ']'); }

std::string members(int count) {
    std::string body = "{";
    for (int i = 0; i != count; ++i)
        body += (i == 0 ? "\"m" : ",\"m") + std::to_string(i) + "\":0";
    return body + "}";
}

} // namespace

TEST_CASE("strict_json: tells the sink what is there, with the depth") {
    CHECK(heard(R"( {"a":1,"b":["x",true,null],"c":{"d":-2.5e1}} )") ==
          "0{ 1ka 1n1 1kb 1[ 2sx 2t 20 1kc 1{ 2kd 2n-2.5e1 ");
    CHECK(heard("false") == "0f ");
    CHECK(heard(R"("x")") == "0sx ");
}

TEST_CASE("strict_json: texts that come in parts are joined") {
    CHECK(heard(R"({"a\u0062c":"d\ne\u00e9f\ud83d\ude00"})") == "0{ 1kabc 1sd\ne\xc3\xa9"
                                                                "f\xf0\x9f\x98\x80 ");
    const std::string longer = std::string(3000, 'x') + R"(\n)" + std::string(3000, 'y');
    const std::string expected = std::string(3000, 'x') + "\n" + std::string(3000, 'y');
    CHECK(heard("[\"" + longer + "\",\"z\"]") == "0[ 1s" + expected + " 1sz ");
}

TEST_CASE("O-33 what is not JSON is malformed") {
    using namespace std::string_view_literals;
    for (const std::string_view body :
         {""sv,           " "sv,          R"({"active":true)"sv,
          "{"sv,          "{}}"sv,        "{} x"sv,
          "{}{}"sv,       "{'a':1}"sv,    "{\"a\":1,}"sv,
          "[1,]"sv,       "{a:1}"sv,      "{\"a\":01}"sv,
          "{\"a\":+1}"sv, "{\"a\":.5}"sv, "{\"a\":1.}"sv,
          "/**/{}"sv,     "{}//"sv,       "\xef\xbb\xbf{}"sv,
          "{}\0"sv,       "nul"sv,        "tru"sv,
          "{\"a\" 1}"sv,  "\"a\tb\""sv,   "<html>maintenance</html>"sv}) {
        INFO(body);
        CHECK(problem(body) == reason::malformed_json);
    }
}

TEST_CASE("S17 NaN, infinities and numbers beyond a double are malformed") {
    for (const std::string_view body :
         {"NaN", "Infinity", "-Infinity", "[1e400]", "[-1e400]", "[1e999999999999]"}) {
        CHECK(problem(body) == reason::malformed_json);
    }
    CHECK(problem("[1e300]") == std::nullopt);
}

TEST_CASE("S17 bad UTF-8 is malformed, in names and in values") {
    for (const std::string_view text :
         {"\xff", "\x80", "\xc3", "\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\\ud800",
          "\\udc00", "\\ud800\\u0041", "\\x"}) {
        const std::string body{text};
        CHECK(problem("{\"a\":\"" + body + "\"}") == reason::malformed_json);
        CHECK(problem("{\"" + body + "\":1}") == reason::malformed_json);
    }
}

TEST_CASE("O-41 a member that comes twice in one object is refused, at every level") {
    for (const std::string_view body :
         {R"({"a":1,"a":1})", R"({"a":1,"b":2,"a":3})", R"({"a":1,"\u0061":1})",
          R"({"\u0061":1,"a":1})", R"({"x":{"a":1,"a":2}})", R"([[{"":1,"":2}]])",
          R"({"a":{"a":{"b":1,"b":2}}})", R"({"a":{"c":1},"b":0,"a":1})",
          R"({"a\n":1,"a\u000a":2})", R"({"x":[{"a":1},{"b":1,"b":1}]})"}) {
        INFO(body);
        CHECK(problem(body) == reason::duplicate_member);
    }
}

TEST_CASE("O-41 the same name in different objects is no duplicate") {
    for (const std::string_view body :
         {R"({"a":{"a":{"a":1}}})", R"([{"a":1},{"a":1}])", R"({"a":{"b":1},"b":2})",
          R"({"ab":1,"a":2,"b":3,"":4,"A":5})", R"({"x":{"b":1},"y":{"b":1},"b":1})"}) {
        INFO(body);
        CHECK(problem(body) == std::nullopt);
    }
}

TEST_CASE("O-42 depth 16 is read, 17 and 30 000 are too deep") {
    CHECK(problem(nested(16)) == std::nullopt);
    CHECK(problem(nested(17)) == reason::too_deep);
    CHECK(problem(nested(30'000)) == reason::too_deep);
    CHECK(problem("{\"a\":" + nested(15) + "}") == std::nullopt);
    CHECK(problem("{\"a\":" + nested(16) + "}") == reason::too_deep);
    std::string objects;
    for (int i = 0; i != 17; ++i)
        objects += "{\"a\":";
    CHECK(problem(objects) == reason::too_deep);
    // Many containers side by side are not deep.
    std::string wide = "[";
    for (int i = 0; i != 1000; ++i)
        wide += "[],{},";
    CHECK(problem(wide + "[]]") == std::nullopt);
}

TEST_CASE("S16 256 members are read, 257 are too many, wherever they are") {
    CHECK(problem(members(256)) == std::nullopt);
    CHECK(problem(members(257)) == reason::too_many_members);
    CHECK(problem("[" + members(128) + "," + members(128) + "]") == std::nullopt);
    CHECK(problem("[" + members(128) + "," + members(129) + "]") == reason::too_many_members);
}

TEST_CASE("O-43 65536 bytes are read, one more is too large") {
    const std::string body = "{}" + std::string(max_body_size - 2, ' ');
    CHECK(problem(body) == std::nullopt);
    CHECK(problem(body + " ") == reason::body_too_large);
}
