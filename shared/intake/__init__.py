"""The intake: tables that hold the rows of ranks and rewards until the join has read them."""
