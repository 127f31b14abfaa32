"""What goes out: Word, PDF, PowerPoint, Excel and HTML, all made from one RateReview."""
