// Addresses as sockets take and give them. Not here: which addresses may be dialled (networks/addresses.ts).

export function isPort(port: number): boolean {
  return Number.isInteger(port) && port >= 1 && port <= 65535
}

/** An IPv4 address that came in over IPv6 is written as IPv4. ipv6Only keeps them out, where the system knows it. */
export function withoutMapping(host: string): string {
  return host.startsWith('::ffff:') && host.includes('.') ? host.slice('::ffff:'.length) : host
}
