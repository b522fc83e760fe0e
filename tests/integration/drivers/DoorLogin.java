import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;

/** pgjdbc: logs in by each of the URLs given and says, in a line for each, who it has become, or why it could not. */
public class DoorLogin {
  static final String QUESTION =
      "select current_user || ' ' || ssl from pg_stat_ssl where pid = pg_backend_pid()";

  static String ask(String url) {
    try (Connection c = DriverManager.getConnection(url);
         ResultSet rows = c.createStatement().executeQuery(QUESTION)) {
      rows.next();
      return rows.getString(1);
    } catch (SQLException error) {
      Throwable cause = error;
      while (cause.getCause() != null) cause = cause.getCause();
      return error.getSQLState() + ": " + error.getMessage() + " " + cause.getMessage();
    }
  }

  public static void main(String[] urls) {
    for (String url : urls) System.out.println(ask(url).replaceAll("\\s+", " "));
  }
}
