"""One round's step of one modality: the protocol, the exact update and the recurrent one."""
