/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Failures in C++: an exception, or an error that the caller gives; and
 * exceptions that are thrown in a function that quipu calls.
 *
 *     quipu::datastore store("sqlite:///bank.db"); // throws quipu::exception
 *
 *     quipu::error error;
 *     quipu::datastore store("sqlite:///bank.db", nullptr, &error);
 *     if (error) {
 *         std::cerr << error.message << '\n'; // nothing was thrown
 *     }
 *
 * Each function that can fail takes a `quipu::error *` as its last argument.
 * Without it a failure is thrown.  With it the error is filled in, and the
 * function returns what converts to false: false, a null pointer, an empty
 * handle, or a struct of zeros.  On success error->code is QUIPU_OK.
 *
 * Functions that quipu calls (handlers, reactions, senders, functions in a
 * transaction) may throw.  No exception passes through a function of C: it is
 * caught, and becomes a status with the exception's message, by which quipu
 * rolls back, tries again, or parks an event as it does for C.
 *
 *     quipu::exception     its code
 *     std::bad_alloc       NO_MEMORY
 *     any other            INTERNAL
 *
 * If that status is also the result of the call, the call throws the very
 * object that was thrown; with a `quipu::error *` it is error->thrown.  If
 * quipu has made another status of it, or the call has failed for another
 * reason, the call throws quipu::exception with the message of quipu.
 *
 * A function that a program gives to C itself (a provider of keys, an observer,
 * the output of metrics) must not throw.
 *
 * A program that is compiled with -fno-exceptions gives an error to each call.
 * A failure without one prints the message and ends it by std::abort.
 *
 * Threads: as in C.  A thread that has thrown is the one that gets it back.
 * Shared libraries that hide their symbols have this memory each: an exception
 * that passes from one to another by way of quipu arrives as its message.
 */
#ifndef QUIPU_CPP_ERROR_HPP
#define QUIPU_CPP_ERROR_HPP

#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <new>
#include <string_view>
#include <type_traits>
#include <utility>

#include <quipu/error.h>

#if defined(__cpp_exceptions)
#define QUIPU_CPP_EXCEPTIONS 1
#else
#define QUIPU_CPP_EXCEPTIONS 0
#endif

namespace quipu {

/* A failure that a call has filled in; true if there is one.  The members are
 * those of C: code, message, native, sqlstate. */
struct error : quipu_error {
    error() noexcept : quipu_error{} {}
    explicit operator bool() const noexcept { return code != QUIPU_OK; }

    /* What a function that quipu has called has thrown; or null. */
    std::exception_ptr thrown;
};

/* A failure that is thrown.  Programs derive exceptions of their own from it,
 * to choose the status that a handler's exception becomes. */
class exception : public std::exception {
public:
    explicit exception(const quipu_error &failure) noexcept : failure_(failure)
    {
    }
    exception(int status, const char *message) noexcept : failure_{}
    {
        quipu_error_set_text(&failure_, status, message);
    }
    const char *what() const noexcept override { return failure_.message; }
    int code() const noexcept { return failure_.code; }
    const quipu_error &failure() const noexcept { return failure_; }

private:
    quipu_error failure_;
};

namespace detail {

/* A call of quipu that is under way in this thread, and what was thrown last
 * by a function that it has called. */
class frame {
public:
    frame() noexcept : outer_(innermost()) { innermost() = this; }
    ~frame() { innermost() = outer_; }
    frame(const frame &) = delete;
    frame &operator=(const frame &) = delete;

    static frame *&innermost() noexcept
    {
        static thread_local frame *frame = nullptr;

        return frame;
    }

    void keep(int status, const char *message) noexcept
    {
        thrown_ = std::current_exception();
        quipu_error_set_text(&kept_, status, message);
    }

    /* Whether the failure of the call is what was thrown.  quipu may have put
     * words around the message, and cut the end. */
    bool is_thrown(const quipu_error &failure) const noexcept
    {
        const std::string_view beginning =
            std::string_view(kept_.message).substr(0, 256);

        return thrown_ && failure.code == kept_.code &&
               std::string_view(failure.message).find(beginning) !=
                   std::string_view::npos;
    }
    const std::exception_ptr &thrown() const noexcept { return thrown_; }

private:
    frame *outer_;
    std::exception_ptr thrown_;
    quipu_error kept_; /* set with thrown_ */
};

inline int refuse(quipu_error *error, int status, const char *message) noexcept
{
    if (status == QUIPU_OK) {
        status = QUIPU_INTERNAL;
    }
    if (frame *call = frame::innermost()) {
        call->keep(status, message);
    }
    return quipu_error_set_text(error, status, message);
}

/* Calls a function of the program for quipu: nothing is thrown. */
template <class Function>
int guarded(quipu_error *error, Function &&function) noexcept
{
#if QUIPU_CPP_EXCEPTIONS
    try {
        return function();
    } catch (const exception &thrown) {
        return refuse(error, thrown.code(), thrown.what());
    } catch (const std::bad_alloc &) {
        return refuse(error, QUIPU_NO_MEMORY, "out of memory");
    } catch (const std::exception &thrown) {
        return refuse(error, QUIPU_INTERNAL, thrown.what());
    } catch (...) {
        return refuse(error, QUIPU_INTERNAL,
                      "a function of the program has thrown what is no "
                      "std::exception");
    }
#else
    (void)error;
    return function();
#endif
}

/* The status of a function that returns one, or of one that returns nothing. */
template <class Function> int status_of(Function &&function)
{
    if constexpr (std::is_void_v<decltype(function())>) {
        function();
        return QUIPU_OK;
    } else {
        return function();
    }
}

[[noreturn]] inline void throw_failure(const quipu_error &failure,
                                       const frame &call)
{
#if QUIPU_CPP_EXCEPTIONS
    if (call.is_thrown(failure)) {
        std::rethrow_exception(call.thrown());
    }
    throw exception(failure);
#else
    (void)call;
    std::fprintf(stderr, "quipu: %s\n", failure.message);
    std::abort();
#endif
}

/* Calls a function of quipu by way of `function`, which gets an error to fill
 * in and returns a status.  Returns true on success. */
template <class Function> bool attempt(error *given, Function &&function)
{
    frame here;
    quipu_error own;
    quipu_error *filled = given ? given : &own;

    if (given) {
        given->thrown = nullptr;
    }
    filled->code = QUIPU_OK;
    const int status = function(filled);
    if (status == QUIPU_OK) {
        filled->code = QUIPU_OK; /* of an attempt that was repeated */
        return true;
    }
    if (filled->code != status) {
        quipu_error_set_text(filled, status, quipu_status_name(status));
    }
    if (!given) {
        throw_failure(own, here);
    }
    if (here.is_thrown(*given)) {
        given->thrown = here.thrown();
    }
    return false;
}

/* Calls a function of quipu, whose last argument is an error. */
template <class Function, class... Arguments>
bool call(error *given, Function function, Arguments... arguments)
{
    return attempt(given, [&](quipu_error *filled) {
        return function(arguments..., filled);
    });
}

/* The same for one that returns an object, or null on failure. */
template <class Function, class... Arguments>
auto call_for(error *given, Function function, Arguments... arguments)
{
    decltype(function(arguments..., nullptr)) object = nullptr;

    attempt(given, [&](quipu_error *filled) -> int {
        object = function(arguments..., filled);
        if (object) {
            return QUIPU_OK;
        }
        /* A handler of C may have returned a status and filled nothing in. */
        return filled->code != QUIPU_OK ? filled->code : QUIPU_INTERNAL;
    });
    return object;
}

/* The same for one that sets an object before the error, or any other value:
 * that of zeros on failure. */
template <class Value, class Function, class... Arguments>
Value call_to(error *given, Function function, Arguments... arguments)
{
    Value value = {};

    return call(given, function, arguments..., &value) ? value : Value{};
}

} // namespace detail
} // namespace quipu

#endif
