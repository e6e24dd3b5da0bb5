"""What pages share: middleware, the frame, forms, paging, spreadsheets, help."""
