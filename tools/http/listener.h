/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The listening socket of the server, and the check of the Host header.
 *
 * The program opens the socket itself, so that the message for an address or a
 * port that cannot be used says why, and so that the system may choose a port.
 */
#ifndef QUIPU_TOOLS_LISTENER_H
#define QUIPU_TOOLS_LISTENER_H

#include <quipu/quipu.h>

#include <stdbool.h>

struct listener {
    int socket;
    bool loopback; /* only programs on this machine can connect */
    char url[80];  /* "http://127.0.0.1:8484", with the port that was chosen */
};

/*
 * Opens a socket that listens on a port of an address.  `address` is an IPv4 or
 * IPv6 address; "0.0.0.0" and "::" stand for all addresses.  Port 0: the system
 * chooses a free one.  The caller closes listener->socket.
 *
 * INVALID: `address` is no IP address.  CONFLICT: the port is in use.  DENIED:
 * the user may not use this port.  IO: another failure of the system.
 */
int listener_open(const char *address, int port, struct listener *listener,
                  quipu_error *error);

/*
 * Returns true if a Host header names this machine by a name that no other
 * machine's owner can point here: "localhost" or an address of the loopback
 * interface, with any port or none.  NULL, no header, is true.
 *
 * A page of any web site can send requests to a server on the loopback
 * interface, and reads the answers if the name of its own site resolves to
 * 127.0.0.1 by then (DNS rebinding).  The browser then sends that name.
 */
bool listener_is_local_host(const char *host);

#endif
