// SPDX-License-Identifier: BSL-1.0
#include "outlast/http/address_book.hpp"

#include "support/catch.hpp"

using namespace outlast;
using namespace outlast::http;
using namespace std::chrono_literals;

namespace {

constexpr instant t0{1000s};

std::shared_ptr<const address_list> some(const char* text = "192.0.2.1") {
    return std::make_shared<const address_list>(address_list{boost::asio::ip::make_address(text)});
}

name_options rules() {
    return {.fresh_for = 30s, .refresh_before = 10s, .stale_for = 1h, .pause = 1s, .max_names = 3};
}

} // namespace

TEST_CASE("address book: nothing is known of a new name") {
    address_book book{rules()};
    const known_name found = book.look("a", t0);
    CHECK(found.how == grade::gone);
    CHECK(found.addresses == nullptr);
    CHECK_FALSE(found.failure);
    CHECK(found.is_due);
}

TEST_CASE("address book: fresh, due near its end, stale, gone") {
    address_book book{rules()};
    const auto list = some();
    book.learnt("a", list, t0);
    const auto at = [&](duration age) { return book.look("a", t0 + age); };
    CHECK(at(0s).how == grade::fresh);
    CHECK(at(0s).addresses == list);
    CHECK_FALSE(at(20s - 1ns).is_due);
    CHECK(at(20s).is_due);
    CHECK(at(30s - 1ns).how == grade::fresh);
    CHECK(at(30s).how == grade::stale);
    CHECK(at(30s).addresses == list);
    CHECK(at(30s).is_due);
    CHECK(at(30s + 1h - 1ns).addresses == list);
    CHECK(at(30s + 1h).how == grade::gone);
    CHECK(at(30s + 1h).addresses == nullptr);
    CHECK(at(30s + 1h).is_due);
}

TEST_CASE("address book: at most half of the time is near the end") {
    address_book book{{.fresh_for = 4s, .refresh_before = 10s}};
    book.learnt("a", some(), t0);
    CHECK_FALSE(book.look("a", t0 + 2s - 1ns).is_due);
    CHECK(book.look("a", t0 + 2s).is_due);
}

TEST_CASE("address book: a failure keeps what is known, and nobody asks for a while") {
    address_book book{rules()};
    const auto list = some();
    book.learnt("a", list, t0);
    book.failed("a", errc::name_lookup_failed, t0 + 40s);
    const known_name during = book.look("a", t0 + 41s - 1ns);
    CHECK(during.how == grade::stale);
    CHECK(during.addresses == list);
    CHECK(during.failure == errc::name_lookup_failed);
    CHECK_FALSE(during.is_due);
    const known_name after = book.look("a", t0 + 41s);
    CHECK(after.addresses == list);
    CHECK_FALSE(after.failure);
    CHECK(after.is_due);
    book.learnt("a", some("192.0.2.2"), t0 + 42s);
    CHECK(book.look("a", t0 + 43s).how == grade::fresh);
    CHECK_FALSE(book.look("a", t0 + 43s).failure);
}

TEST_CASE("address book: a failure of a name of which nothing is known") {
    address_book book{rules()};
    book.failed("a", errc::name_lookup_failed, t0);
    CHECK(book.look("a", t0).failure == errc::name_lookup_failed);
    CHECK(book.look("a", t0).how == grade::gone);
    CHECK_FALSE(book.look("a", t0).is_due);
    CHECK(book.look("a", t0 + 1s).is_due);
}

TEST_CASE("address book: that there is no such host is believed") {
    address_book book{rules()};
    book.learnt("a", some(), t0);
    book.failed("a", errc::name_not_found, t0 + 40s);
    const known_name found = book.look("a", t0 + 40s);
    CHECK(found.how == grade::gone);
    CHECK(found.addresses == nullptr);
    CHECK(found.failure == errc::name_not_found);
}

TEST_CASE("address book: the name that was not used for longest is forgotten") {
    address_book book{rules()};
    for (const char* const name : {"a", "b", "c"})
        book.learnt(name, some(), t0);
    CHECK(book.look("a", t0).addresses);
    book.learnt("d", some(), t0);
    CHECK_FALSE(book.look("b", t0).addresses);
    CHECK(book.look("a", t0).addresses);
}
