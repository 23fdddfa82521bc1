// SPDX-License-Identifier: BSL-1.0
//
// `async_calls TIMES`: so many guarded calls in a loop, sixteen at a time, each with a deadline, for a
// tool that counts system calls.
#include "async_work.hpp"

#include <cstdio>
#include <cstdlib>

namespace {

struct caller {
    boost::asio::io_context& context;
    long& left;
    void operator()(const outlast::result<int>&) const { next(); }
    void next() const {
        if (left-- > 0)
            outlast::async_run(context.get_executor(), bench::guarded, bench::posting_work, *this);
    }
};

} // namespace

int main(int count, char** arguments) {
    long left = count == 2 ? std::atol(arguments[1]) : 0;
    if (left <= 0) {
        std::fputs("usage: async_calls TIMES\n", stderr);
        return 2;
    }
    boost::asio::io_context context;
    for (int i = 0; i != 16; ++i)
        boost::asio::post(context, [&] { caller{context, left}.next(); });
    context.run();
    return left < 0 ? 0 : 1; // it ends when every call has been answered
}
