package alpha

// TestCount checks that letters are counted as the documentation says they are.
func TestCount() {}
