// SPDX-License-Identifier: BSL-1.0
//
// Ground: the version, the assertion, and the only tests on the compiler.
#ifndef OUTLAST_CONFIG_HPP
#define OUTLAST_CONFIG_HPP

#include <cassert>

#define OUTLAST_VERSION_MAJOR 0
#define OUTLAST_VERSION_MINOR 1
#define OUTLAST_VERSION_PATCH 0

/// A documented precondition, checked in debug builds. Define it before the first include to send
/// a broken precondition elsewhere.
#ifndef OUTLAST_ASSERT
#define OUTLAST_ASSERT(condition) assert(condition)
#endif

/// 1 where exceptions are on. Without them a policy is built by `make` only, and a callable that
/// would throw is the caller's own affair. Boost then asks the program to define, in one file,
/// `void boost::throw_exception(const std::exception&, const boost::source_location&)`.
#if defined(__cpp_exceptions)
#define OUTLAST_EXCEPTIONS 1
#else
#define OUTLAST_EXCEPTIONS 0
#endif

/// For the few functions that every call passes: inlined into the driver they leave no call and no
/// step in memory, and a pipeline costs what its decisions cost. And for what only a failure passes.
#if defined(__GNUC__)
#define OUTLAST_INLINE [[gnu::always_inline]]
#define OUTLAST_COLD [[gnu::noinline]]
#elif defined(_MSC_VER)
#define OUTLAST_INLINE [[msvc::forceinline]]
#define OUTLAST_COLD __declspec(noinline)
#else
#define OUTLAST_INLINE
#define OUTLAST_COLD
#endif

/// Ends a constant evaluation with an error that shows the text: g++ prints the argument of a builtin
/// that is no constant, where of a `throw` it prints none; clang prints those of the function around it.
/// Nothing at run time.
#if defined(__GNUC__)
#define OUTLAST_NO_CONSTANT(text) __builtin_prefetch(text)
#else
#define OUTLAST_NO_CONSTANT(text) ((void)0)
#endif

#endif // OUTLAST_CONFIG_HPP
