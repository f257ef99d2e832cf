"""What a reader must know, found by looking at a judgement, a comparison or a study."""
