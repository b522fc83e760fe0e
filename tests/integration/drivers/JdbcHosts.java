import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import org.postgresql.jdbc.PgConnection;

/** pgjdbc: which of several hosts it takes for each of the URLs given: its port, or why it takes none. */
public class JdbcHosts {
  static String taken(String url) {
    try (Connection c = DriverManager.getConnection(url)) {
      return String.valueOf(c.unwrap(PgConnection.class).getQueryExecutor().getHostSpec().getPort());
    } catch (SQLException error) {
      return error.getMessage();
    }
  }

  public static void main(String[] urls) {
    for (String url : urls) System.out.println(taken(url).replaceAll("\\s+", " "));
  }
}
