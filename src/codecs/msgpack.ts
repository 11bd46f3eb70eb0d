// msgpack of the old specification (2013), the door to its files: values, packing, unpacking. Beside it, for known fields
// of a message: the cursor of msgpack-cursor.ts, which builds no values.
// Not here: the order of maps in Python 2, which is a matter of what is signed (networks/drogulus).
export { MsgPackError, MsgPackFloat, MsgPackMap } from './msgpack-value.ts'
export type { MsgPackErrorCode, MsgPackValue } from './msgpack-value.ts'
export { MAX_DEPTH, packMsgPack, sizeOfMsgPack } from './msgpack-pack.ts'
export { unpackMsgPack } from './msgpack-unpack.ts'
export type { MsgPackBounds } from './msgpack-unpack.ts'
