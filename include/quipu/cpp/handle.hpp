/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Handles: objects of quipu that are closed when they go out of scope.
 *
 * A handle owns one object of C, cannot be copied, and can be moved.  A handle
 * that was moved from, or whose opening failed, is empty, and converts to
 * false; its functions must not be called.  `get` gives the object to functions
 * of C, `release` gives it away.
 *
 * An object is closed before what it was opened from, as C++ does by itself
 * with variables that are declared in the order of opening.  In another order
 * closing fails, as it does in C: `close` says so, and the handle keeps its
 * object; a destructor cannot, and the object stays open until the process
 * ends.  `close` of an empty handle does nothing, so that closing twice is as
 * closing once.
 */
#ifndef QUIPU_CPP_HANDLE_HPP
#define QUIPU_CPP_HANDLE_HPP

#include <cstddef>
#include <iterator>
#include <string>
#include <string_view>
#include <type_traits>

#include <quipu/cpp/error.hpp>
#include <quipu/id.h>

namespace quipu {

/* A text of C, with a NUL at its end: a const char *, which may be null, or a
 * std::string.  Borrowed for the call. */
class zstring {
public:
    zstring(std::nullptr_t) noexcept : text_(nullptr) {}
    zstring(const char *text) noexcept : text_(text) {}
    zstring(const std::string &text) noexcept : text_(text.c_str()) {}
    const char *c_str() const noexcept { return text_; }

private:
    const char *text_;
};

/* Borrowed bytes of a text, and the text of borrowed bytes; absent bytes are an
 * empty text.  Nothing is copied. */
inline quipu_bytes to_bytes(std::string_view text) noexcept
{
    return { text.data() ? text.data() : "", text.size() };
}
inline std::string_view to_view(quipu_bytes bytes) noexcept
{
    return { static_cast<const char *>(bytes.data), bytes.size };
}

/* An id of a text of 1 to 255 bytes (INVALID otherwise), or of a UUID; a new
 * time-ordered UUID. */
inline quipu_id to_id(std::string_view text, error *given = nullptr)
{
    quipu_id id = {};

    detail::attempt(given, [&](quipu_error *filled) {
        return quipu_bytes_is_text(to_bytes(text))
                   ? quipu_id_of_bytes(&id, to_bytes(text), filled)
                   : quipu_error_set_text(filled, QUIPU_INVALID,
                                          "the text of an id is not UTF-8");
    });
    return id;
}
inline quipu_id to_id(const quipu_uuid &uuid) noexcept
{
    quipu_id id = {};

    quipu_id_of_uuid(&id, &uuid);
    return id;
}
inline quipu_uuid new_uuid() noexcept
{
    quipu_uuid uuid;

    quipu_uuid_ordered(&uuid);
    return uuid;
}

/* A struct of C whose members are zero, except that `struct_size` is set:
 *
 *     auto query = quipu::sized<quipu_query>();
 *     query.flags = QUIPU_QUERY_LIMIT;
 */
template <class Struct> Struct sized() noexcept
{
    Struct value = {};

    value.struct_size = sizeof(Struct);
    return value;
}

/* What a handle does with its object if closing fails with INVALID. */
enum class closing {
    always, /* it is closed all the same */
    refused /* it is still open, and the handle keeps it */
};

template <class Object, auto Close, closing Invalid = closing::always>
class handle {
public:
    handle() noexcept = default;
    explicit handle(Object *owned) noexcept : object_(owned) {}
    handle(handle &&other) noexcept : object_(other.release()) {}
    handle &operator=(handle &&other) noexcept
    {
        if (this != &other) {
            destroy();
            object_ = other.release();
        }
        return *this;
    }
    ~handle() { destroy(); }

    Object *get() const noexcept { return object_; }
    explicit operator bool() const noexcept { return object_ != nullptr; }
    Object *release() noexcept { return std::exchange(object_, nullptr); }

    /* Closes the object; false or an exception as in C. */
    bool close(error *given = nullptr)
    {
        return detail::attempt(
            given, [&](quipu_error *filled) { return shut(filled); });
    }

private:
    int shut(quipu_error *error) noexcept
    {
        if constexpr (std::is_invocable_v<decltype(Close), Object *>) {
            Close(release());
            return QUIPU_OK;
        } else {
            const int status = Close(object_, error);

            if (Invalid == closing::always || status != QUIPU_INVALID) {
                object_ = nullptr;
            }
            return status;
        }
    }
    void destroy() noexcept
    {
        if (object_) {
            shut(nullptr);
        }
    }

    Object *object_ = nullptr;
};

/* An object that is borrowed: of a handle, or a pointer of C. */
template <class Object> class borrowed {
public:
    borrowed() noexcept = default;
    borrowed(Object *object) noexcept : object_(object) {}
    template <auto Close, closing Invalid>
    borrowed(const handle<Object, Close, Invalid> &owner) noexcept
        : object_(owner.get())
    {
    }
    Object *get() const noexcept { return object_; }

private:
    Object *object_ = nullptr;
};

/*
 * A handle that lends one element after the other, each until the next call.
 *
 *     for (const quipu_item &item : records.read_log()) { ... } // throws
 *
 *     while (const quipu_item *item = cursor.next(&error)) { ... }
 *     if (error) { ... }
 */
template <class Object, class Element, auto Next, auto Close>
class listing : public handle<Object, Close> {
public:
    using handle<Object, Close>::handle;

    /* The next element; null after the last, and after a failure. */
    const Element *next(error *given = nullptr)
    {
        return detail::call_to<const Element *>(given, Next, this->get());
    }

    class iterator {
    public:
        using iterator_category = std::input_iterator_tag;
        using value_type = Element;
        using difference_type = std::ptrdiff_t;
        using pointer = const Element *;
        using reference = const Element &;

        iterator() noexcept = default;
        explicit iterator(listing *from) : from_(from), at_(from->next()) {}
        reference operator*() const noexcept { return *at_; }
        pointer operator->() const noexcept { return at_; }
        iterator &operator++()
        {
            at_ = from_->next();
            return *this;
        }
        void operator++(int) { ++*this; }
        friend bool operator==(const iterator &a, const iterator &b) noexcept
        {
            return a.at_ == b.at_;
        }
        friend bool operator!=(const iterator &a, const iterator &b) noexcept
        {
            return !(a == b);
        }

    private:
        listing *from_ = nullptr;
        pointer at_ = nullptr;
    };

    iterator begin() { return iterator(this); }
    iterator end() noexcept { return iterator(); }
};

} // namespace quipu

#endif
