// End of an epilogue that has nothing left to do once a tile is stored.

fn end_epilogue(tile: u32, lane: u32) {}
