"""What browsers ask and what the kernel answers, as data; `js/src/protocol/protocol.ts` has the same names."""
