/* SPDX-License-Identifier: Apache-2.0 */
/*
 * quipu for C++17 and later: described structs, typed handlers, handles that
 * close themselves, exceptions or errors.  It is a layer of inline functions
 * over the headers of C, which it includes; a program links the same library.
 *
 *     struct deposited {
 *         quipu_event base;
 *         std::int64_t cents;
 *         static auto describe()
 *         {
 *             return quipu::as_event("Account.Deposited",
 *                                    quipu::field<&deposited::cents>);
 *         }
 *     };
 *     struct account {
 *         quipu_aggregate base;
 *         std::int64_t balance;
 *         void apply(const deposited &event) { balance += event.cents; }
 *         static auto describe()
 *         {
 *             return quipu::as_aggregate("Account",
 *                                        quipu::field<&account::balance>,
 *                                        quipu::handles<deposited>);
 *         }
 *     };
 *
 *     quipu::datastore datastore("sqlite:///accounts.db");
 *     datastore.setup(quipu_schema_stored_events());
 *     quipu::application bank(datastore, quipu_schema_stored_events(),
 *                             quipu::mapping_of<deposited>());
 *     auto accounts = bank.repository<account>();
 *     auto ann = accounts.create();
 *     quipu::trigger<deposited>(*ann, 1000); // stored when it returns
 *
 * These rules hold for all of it:
 *
 * - A function of a class is the function of C of that name, with its
 *   arguments in their order, its codes, and its rules for threads and fork.
 *   The headers of C are the reference.
 * - A failure is thrown as quipu::exception, or stored in the quipu::error that
 *   is given as the last argument (<quipu/cpp/error.hpp>).
 * - Handles own, move and close (<quipu/cpp/handle.hpp>).
 * - Pointers, spans and views of quipu::to_view are lent for as long as the
 *   header of C says; nothing is copied.
 * - Structs, enumerations and constants of C are used as they are.
 *
 * docs/cpp.md shows all of it in programs.
 */
#ifndef QUIPU_QUIPU_HPP
#define QUIPU_QUIPU_HPP

#include <quipu/cpp/aggregate.hpp>
#include <quipu/cpp/application.hpp>
#include <quipu/cpp/consumer.hpp>
#include <quipu/cpp/describe.hpp>
#include <quipu/cpp/error.hpp>
#include <quipu/cpp/field.hpp>
#include <quipu/cpp/handle.hpp>
#include <quipu/cpp/scenario.hpp>
#include <quipu/cpp/store.hpp>
#include <quipu/quipu.h>

#endif
