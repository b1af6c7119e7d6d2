/* SPDX-License-Identifier: Apache-2.0 */
/* A request to the HTTP server of a command. */
#include "request.h"

#include <microhttpd.h>
#include <poll.h>
#include <stddef.h>

const char *request_argument(const struct request *request, const char *name)
{
    return MHD_lookup_connection_value(request->handle, MHD_GET_ARGUMENT_KIND,
                                       name);
}

const char *request_header(const struct request *request, const char *name)
{
    return MHD_lookup_connection_value(request->handle, MHD_HEADER_KIND, name);
}

bool request_is_gone(const struct request *request)
{
    struct pollfd client = { .fd = request->socket, .events = POLLRDHUP };

    return poll(&client, 1, 0) == 1;
}
