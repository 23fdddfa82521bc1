// SPDX-License-Identifier: BSL-1.0
#include <outlast/oauth2/form.hpp>

#include "support/catch.hpp"

#include <string>
#include <string_view>

using namespace outlast::oauth2;

namespace {

std::string encoded(std::string_view text) {
    std::string out;
    append_form_encoded(out, text);
    CHECK(out.size() == form_encoded_size(text));
    return out;
}

std::string base64(std::string_view bytes) {
    std::string out;
    append_base64(out, bytes);
    CHECK(out.size() == base64_size(bytes.size()));
    return out;
}

} // namespace

TEST_CASE("O-07 form encoding of the token, the id and the secret") {
    CHECK(encoded("x.y-z_~+/==") == "x.y-z_~%2B%2F%3D%3D");
    CHECK(encoded("a:b c") == "a%3Ab+c");
    CHECK(encoded("p%&+\xc3\xa9") == "p%25%26%2B%C3%A9");
}

TEST_CASE("form: only letters, digits and four signs are sent as they are") {
    int as_is = 0;
    for (int code = 0; code != 256; ++code) {
        const std::string one(1, static_cast<char>(code));
        as_is += encoded(one) == one ? 1 : 0;
    }
    CHECK(as_is == 26 + 26 + 10 + 4);
    CHECK(encoded(std::string_view{"\0\n\xff", 3}) == "%00%0A%FF");
    CHECK(encoded("") == "");
}

TEST_CASE("base64: the vectors of RFC 4648") {
    CHECK(base64("") == "");
    CHECK(base64("f") == "Zg==");
    CHECK(base64("fo") == "Zm8=");
    CHECK(base64("foo") == "Zm9v");
    CHECK(base64("foob") == "Zm9vYg==");
    CHECK(base64("fooba") == "Zm9vYmE=");
    CHECK(base64("foobar") == "Zm9vYmFy");
    CHECK(base64("\xff\xef\xbe\xfb") == "/+++"
                                        "+w==");
}
